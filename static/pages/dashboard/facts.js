// The strip of figures: the whole market, and the ways to sources, models and endpoints.
import { h, setAttribute, setText } from "../../shared/js/dom.js";
import { address } from "../../shared/js/api.js";
import { NONE, number, percent } from "../../shared/js/format.js";
import { compact } from "../../shared/js/money.js";
import { stateOf } from "../../shared/js/states.js";
import { Provenance } from "./provenance.js";

const money = (value) => (Number.isFinite(value) ? `$${compact(value)}` : NONE);

function fact(label, href = null) {
  const parts = { big: h("strong", { text: NONE }), sub: h("span", { class: "note" }) };
  parts.element = h(href ? "a" : "div", { class: "fact", href }, h("span", { class: "label", text: label }), parts.big, parts.sub);
  return parts;
}

export class Facts {
  constructor(strip) {
    this.cap = fact("Market cap");
    this.volume = fact("Volume, 24 h");
    this.share = fact("Bitcoin's share");
    this.sources = fact("Sources", address("providers"));
    this.models = fact("Models", address("providers", { kind: "model" }));
    this.endpoints = fact("Endpoints", address("system-monitor"));
    this.from = new Provenance(this.cap.sub, { brief: true });
    strip.append(...[this.cap, this.volume, this.share, this.sources, this.models, this.endpoints].map((one) => one.element));
  }

  // The whole market, or null where it was never known.
  market(shown) {
    const data = shown?.data ?? {};
    for (const one of [this.cap, this.volume, this.share]) one.element.toggleAttribute("data-past", Boolean(shown?.past));
    setText(this.cap.big, money(data.market_cap_usd));
    setText(this.volume.big, money(data.volume_24h_usd));
    setText(this.share.big, percent(data.btc_dominance_percent));
    setText(this.volume.sub, Number.isFinite(data.active_coins) ? `${number(data.active_coins)} coins` : "");
    setText(this.share.sub, Number.isFinite(data.eth_dominance_percent) ? `Ethereum ${percent(data.eth_dominance_percent)}` : "");
    this.from.set(shown);
  }

  // What the server says of itself.
  house({ sources, providers, models, endpoints }) {
    const bad = (list) => list.filter((one) => ["offline", "degraded"].includes(stateOf(one.state).key)).length;
    setText(this.sources.big, number(sources?.total));
    this.#look(this.sources, bad(providers ?? []));
    setText(this.models.big, number(models?.total));
    setText(this.models.sub, `${number(models?.active)} active`);
    const work = (endpoints ?? []).filter((one) => !one.own);
    setText(this.endpoints.big, number(work.length || null));
    this.#look(this.endpoints, bad(work));
  }

  #look(one, count) {
    setText(one.sub, count ? `${number(count)} ${count === 1 ? "needs" : "need"} a look` : "none needs a look");
    setAttribute(one.element, "data-look", count ? "" : null);
  }
}
