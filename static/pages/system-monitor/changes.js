// The tab of changes: what is different now, since when, why, and for how long it was.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { words } from "../../shared/js/format.js";
import { root } from "../../shared/js/api.js";
import { failure } from "../../shared/js/codes.js";
import { Roving } from "../../shared/js/roving.js";
import { shape, stateOf } from "../../shared/js/states.js";
import { clock, now, span, stamp } from "../../shared/js/time.js";
import { mark } from "./marks.js";
import { titleOf } from "./names.js";
import { Spells } from "./spells.js";

const MOST_LINES = 60;
const NAMED = 4;
const link = (path) => new URL(path, root).href;

export class Changes {
  // `still` for a screen that only shows: nothing leads anywhere.
  constructor(list, { still = false } = {}) {
    this.list = list;
    this.tag = still ? "div" : "a";
    this.spells = new Spells();
    this.roving = new Roving(list, "a");
  }

  // `capabilities` are those of the same answer.
  add(events, capabilities) {
    this.spells.add(events, now());
    this.spells.capabilities(capabilities ?? [], now());
    this.show();
  }

  known(incidents) {
    this.spells.known(incidents);
    this.show();
  }

  get size() {
    return this.spells.entries.length;
  }

  show() {
    const lines = this.spells.lines.slice(0, MOST_LINES);
    each(this.list, lines, ({ one }) => one.id, () => make(this.tag), (item, line) => fill(item.firstChild, line));
    this.roving.refresh();
  }

  // Lasting troubles grow older between two answers.
  tick() {
    for (const item of this.list.children) {
      const { since, took } = item.firstChild;
      if (since) setText(took, span(now() - since));
    }
  }
}

function make(tag) {
  const box = h(tag, { class: "line" }, h("time"), h("span", { class: "is" }), h("div", null, h("div", { class: "what" }), h("div", { class: "more" })), h("span", { class: "took" }));
  box.took = box.lastChild;
  return h("li", null, box);
}

function fill(box, { one, all }) {
  const [time, sign, text] = box.children;
  setText(time, clock(one.at, { seconds: false }));
  setAttribute(time, "datetime", new Date(one.at).toISOString());
  setAttribute(time, "title", stamp(one.at));
  const { look, what, more, href } = told(one, all);
  if (sign.dataset.look !== look) {
    sign.dataset.look = look;
    sign.replaceChildren(look.startsWith("state:") ? shape(look.slice(6)) : mark(look));
  }
  setAttribute(box, "data-kind", one.kind);
  setAttribute(box, "data-lasts", one.until === null ? "" : null);
  setText(text.children[0], what);
  setText(text.children[1], more);
  setAttribute(text.children[1], "title", more.length > 40 ? more : null);
  if (box.localName === "a") setAttribute(box, "href", href);
  box.since = one.until === null ? one.at : null;
  setText(box.took, one.count ? `×${one.count}` : one.until === null ? span(now() - one.at) : one.until > one.at ? span(one.until - one.at) : "");
}

function told(one, all) {
  // Channels of a source count as that source.
  const names = [...new Set(all.map((each) => titleOf(all.length > 1 ? String(each.source).split(":")[0] : each.source)))];
  const rest = names.length - NAMED;
  const listed = names.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  const { key, word } = stateOf(one.worst);
  const page = link(`providers?name=${encodeURIComponent(String(one.source).split(":")[0])}`);
  if (one.kind === "spell") {
    const lasts = one.until === null;
    const why = one.reason ? failure({ code: one.reason, message: one.message }) : "";
    const many = names.length > 1;
    const who = many ? `${names.length} sources` : names[0];
    return { look: lasts ? `state:${key}` : "change", what: lasts ? `${who} ${word}` : `${who} ${many ? "were" : "was"} ${word}`,
      more: [why, many ? listed : "", lasts ? "" : `until ${clock(one.until, { seconds: false })}`].filter(Boolean).join(" · "),
      href: many ? link(lasts ? `providers?state=${key}` : "incidents") : link(`incidents?source=${encodeURIComponent(one.source)}`) };
  }
  if (one.kind === "capability") {
    const lasts = one.until === null;
    const titles = all.map((each) => each.title);
    const many = all.length > 1;
    const left = many ? titles.join(", ") : one.worst === "OFFLINE" ? `none of ${one.enabled} sources left` : `${one.usable} of ${one.enabled} sources left`;
    const state = one.worst === "OFFLINE" ? `${lasts ? "cannot" : "could not"} be answered` : lasts ? "reduced" : many ? "were reduced" : "was reduced";
    return { look: lasts ? `state:${key}` : "change", what: `${many ? `${all.length} capabilities` : one.title} ${state}`, more: lasts ? left : [many ? titles.join(", ") : "", `until ${clock(one.until, { seconds: false })}`].filter(Boolean).join(" · "), href: link(`explain?capability=${encodeURIComponent(one.source)}`) };
  }
  if (one.kind === "nobody") {
    return { look: "failed", what: `Nobody answered ${words(one.source ?? "")}`, more: one.reason ? failure({ code: one.reason }) : "", href: one.request ? link(`explain?request=${encodeURIComponent(one.request)}`) : link("explain") };
  }
  if (one.kind === "failover") {
    return { look: "retry", what: `${titleOf(one.source)} → ${titleOf(one.to)}`,
      more: [one.count > 1 ? `failovers until ${clock(one.until, { seconds: false })}` : "failover", one.reason ? failure({ code: one.reason }) : ""].filter(Boolean).join(" · "),
      href: one.request ? link(`explain?request=${encodeURIComponent(one.request)}`) : page };
  }
  if (one.kind === "first") return { look: "change", what: `${names.length > 1 ? `${names.length} sources` : names[0]} found healthy`, more: names.length > 1 ? listed : "first answer", href: names.length > 1 ? link("providers?state=healthy") : page };
  if (one.kind === "config") return { look: "config", what: one.text, more: "configuration", href: link("config") };
  return { look: "change", what: one.text, more: `now ${word}`, href: page };
}
