// A second market over the first, as a line; both are then read in percent.
import { $, h, setText } from "../../shared/js/dom.js";
import { signed } from "../../shared/js/money.js";
import { indexAt, joined } from "./points.js";
import { picture, problemOf } from "./source.js";

export class Compare {
  // `onDrop()` when the viewer takes it away.
  constructor(onDrop) {
    this.symbol = "";
    this.rows = [];
    this.problem = null;
    this.place = $("#versus");
    this.name = h("span", { class: "name" });
    this.value = h("span", { class: "values" });
    this.place.append(this.name, this.value, h("button", { type: "button", class: "drop", "aria-label": "Remove the second market", onclick: onDrop }, "✕"));
  }

  turnTo(symbol) {
    Object.assign(this, { symbol, rows: [], problem: null });
    this.show();
  }

  // The same stretch of time as the market's rows: nothing before or after them, as the axis is theirs.
  async load(market, { limit, end = null }, signal) {
    if (!this.symbol) return;
    const found = await picture({ symbol: this.symbol, interval: market.interval, limit, end }, signal);
    if (signal.aborted || !market.rows.length) return;
    const part = found.candles.data ? found.candles : found.candles.last_known;
    this.problem = part ? null : problemOf(found.candles.error ?? {});
    if (found.symbol) this.symbol = found.symbol;
    if (!part) return;
    const [first, last] = [market.rows[0][0], market.rows.at(-1)[0]];
    this.rows = joined(this.rows, part.data.rows).filter((row) => row[0] >= first && row[0] <= last);
  }

  // Its newest candles as the stream tells them; those that are shown are given back.
  move(market, rows) {
    const last = this.rows.at(-1)?.[0] ?? Infinity;
    const newest = rows.filter((row) => row[0] >= last && row[0] <= market.rows.at(-1)[0]);
    this.rows = joined(this.rows, newest);
    return newest;
  }

  // How far it went since the first candle in sight, up to the cursor or now.
  show(from = null, at = null) {
    this.place.hidden = !this.symbol;
    this.place.toggleAttribute("data-wrong", this.problem !== null);
    this.place.title = this.problem?.detail ?? "";
    setText(this.name, this.symbol);
    const base = this.rows[Math.max(0, from === null ? 0 : indexAt(this.rows, from))];
    const row = this.rows[at === null ? this.rows.length - 1 : indexAt(this.rows, at)];
    setText(this.value, this.problem ? this.problem.title : signed(row && base ? (row[4] / base[4] - 1) * 100 : null));
  }
}
