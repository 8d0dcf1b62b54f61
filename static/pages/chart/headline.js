// The market's line over the chart: its name, last price, change of a day, and where the candles are from.
import { $, h, setText } from "../../shared/js/dom.js";
import { shell } from "../../shared/js/shell.js";
import { now, setSince, since, span } from "../../shared/js/time.js";
import { named, priced, unpriced } from "./quote.js";
import { lengthOf } from "./times.js";

// Answers younger than two of the page's rounds are as new as this page can be.
const LIVE_MS = 12000;
const SUMMARY_MS = 30000;

export class Headline {
  #summarised = -Infinity;

  constructor() {
    this.source = h("a", { class: "tag" });
    this.word = h("span", { class: "tag" });
    this.age = since(null);
    this.age.classList.add("note");
    $("#facts").append(this.source, this.word, this.age);
    $("#facts").hidden = true;
  }

  // Before there are candles, and where there are none. A price that came first may stay.
  bare({ symbol, interval }, { keepsPrice = false } = {}) {
    named({ symbol, interval });
    if (!keepsPrice) unpriced();
    $("#facts").hidden = true;
    shell.titled(`${symbol} · coinmux`);
    this.#summarised = -Infinity;
    this.#name(`Chart of ${symbol}, candles of ${interval}, no data yet`);
  }

  show(market, digits) {
    const last = market.rows.at(-1);
    setText($("#market-title"), market.symbol);
    const words = priced(last?.[4], market.ticker?.change_percent, digits);
    shell.titled(`${market.symbol} ${words.last} · coinmux`);
    this.facts(market);
    if (performance.now() - this.#summarised < SUMMARY_MS) return;
    this.#summarised = performance.now();
    this.#name(`${market.symbol}, ${market.rows.length} candles of ${market.interval}, last close ${words.last}${words.change ? `, ${words.change} in 24 hours` : ""}. The data table holds the numbers.`);
  }

  // Amber is for what needs a look: candles two intervals behind, or an answer of former times.
  facts(market) {
    const { meta, rows } = market;
    $("#facts").hidden = !meta;
    if (!meta) return;
    const behind = now() - rows.at(-1)[0];
    const late = behind > 3 * lengthOf(market.interval);
    setText(this.source, market.source);
    this.source.title = `${meta.provider}: why this source?`;
    this.source.href = `explain?${new URLSearchParams({ capability: "candles", symbol: market.symbol, interval: market.interval })}`;
    const fresh = now() - meta.fetched_at < LIVE_MS;
    setText(this.word, market.old ? "last known" : late ? `newest candle ${span(behind)} old` : fresh ? "live" : meta.stale ? "cached, refreshing" : "cached");
    this.word.dataset.tone = market.old || late ? "warn" : fresh ? "ok" : "";
    if (this.age.at !== meta.fetched_at) setSince(this.age, meta.fetched_at);
  }

  #name(text) {
    $("#plot").setAttribute("aria-label", text);
  }
}
