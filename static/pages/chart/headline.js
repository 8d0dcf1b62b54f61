// The market's line over the chart: its name, last price, change of a day, how it is followed and where the candles are from.
import { $, h, setAttribute, setText } from "../../shared/js/dom.js";
import { shell } from "../../shared/js/shell.js";
import { now, setSince, since, span } from "../../shared/js/time.js";
import { named, priced, unpriced } from "./quote.js";
import { lengthOf } from "./times.js";

// Answers younger than two of the page's rounds are as new as this page can be where it asks.
const FRESH_MS = 12000;
const SUMMARY_MS = 30000;
// How the candles come, by how they are followed (`MarketStream.of`).
const HOW = {
  live: ["live", "ok", "The source pushes each change"],
  polled: ["polled", "", "The server asks again and again, as no source pushes this market now"],
  stale: ["stale", "warn", "No source tells this market now: what is shown is the last that was told"],
  off: ["polled", "", "This page asks every five seconds"],
};

export class Headline {
  #summarised = -Infinity;

  // `followed()`: how the market that is shown is followed.
  constructor(followed) {
    this.followed = followed;
    this.word = h("span", { class: "tag feed" });
    this.source = h("a", { class: "tag" });
    this.age = since(null);
    this.age.classList.add("note");
    $("#facts").append(this.word, this.source, this.age);
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

  // Amber is for what needs a look: candles two intervals behind, an answer of former times, a feed that fell silent.
  facts(market) {
    const { meta, rows } = market;
    $("#facts").hidden = !meta;
    if (!meta) return;
    const { state } = this.followed();
    const behind = now() - rows.at(-1)[0];
    const late = behind > 3 * lengthOf(market.interval);
    setText(this.source, market.source);
    this.source.title = `${meta.provider}: why this source?`;
    this.source.href = `explain?${new URLSearchParams({ capability: "candles", symbol: market.symbol, interval: market.interval })}`;
    const isKept = state === "off" && now() - meta.fetched_at >= FRESH_MS;
    let [word, tone, why] = HOW[state];
    if (market.old) [word, tone, why] = ["last known", "warn", "No source answers now"];
    else if (late) [word, tone] = [`newest candle ${span(behind)} old`, "warn"];
    else if (isKept) [word, why] = [meta.stale ? "cached, refreshing" : "cached", null];
    setText(this.word, word);
    setAttribute(this.word, "title", why);
    setAttribute(this.word, "data-tone", tone || null);
    setAttribute(this.word, "data-feed", market.old || late || isKept ? null : state);
    if (this.age.at !== meta.fetched_at) setSince(this.age, meta.fetched_at);
  }

  #name(text) {
    $("#plot").setAttribute("aria-label", text);
  }
}
