// The candles and indicators as they move: what the stream tells goes into what is shown, and is drawn now and then.
import { MarketStream } from "../../shared/js/market_stream.js";
import { titleOf } from "../../shared/js/words.js";
import { rowsOf } from "./indicators.js";
import { encode } from "./source.js";
import { lengthOf } from "./times.js";

// A market may move a hundred times a second; nobody sees more than some of that.
const DRAWN_MS = 100;
// The answer of a request has the new candle too, shortly after it began.
const BEGUN_MS = 1500;
const SOON_MS = 300;
const FED = ["live", "polled"];

const byTime = (a, b) => a[0] - b[0];

export class Following {
  #due = null;
  #rows = new Map();
  #others = new Map();
  // What was told of an indicator until it is drawn.
  #values = new Map();
  #asking = null;

  // `onMoved(rows, others, moved)`: candles of the market, and of the second one, that changed, and indicators with
  // the rows that did; `onTurned()`: how it is followed may be another; `again()` asks for everything anew.
  constructor(market, compare, indicators, { onMoved, onTurned, again }) {
    Object.assign(this, { market, compare, indicators, onMoved, again });
    this.stream = new MarketStream({ told: (event) => this.#told(event), turned: onTurned });
  }

  // Follows what is shown now; nothing before its candles are known, as a wrong pair cannot be followed.
  turn() {
    const { symbol, interval, rows } = this.market;
    const isOther = this.compare.symbol && this.compare.rows.length && this.compare.symbol !== symbol;
    const ind = this.indicators.text;
    this.stream.follow("candles", rows.length ? [symbol, ...(isOther ? [this.compare.symbol] : [])] : [], { interval, ...(ind ? { ind } : {}) });
  }

  // Nothing of the last market stays.
  clear() {
    clearTimeout(this.#due);
    clearTimeout(this.#asking);
    this.#due = this.#asking = null;
    this.#rows.clear();
    this.#others.clear();
    this.#values.clear();
    this.turn();
  }

  // As `MarketStream.of`, of the market that is shown.
  get now() {
    return this.stream.of(this.#subject(this.market.symbol));
  }

  // Whether the stream tells the values of this one.
  tells(one) {
    return FED.includes(this.stream.of(encode(one)).state);
  }

  #subject(symbol) {
    return `${symbol} ${this.market.interval}`;
  }

  #told({ kind, subject, ind, data, meta }) {
    const { market, compare } = this;
    if (ind !== undefined) {
      if (data && market.rows.length && !market.old) this.#indicator(ind, data, meta);
      return;
    }
    const isMine = subject === this.#subject(market.symbol);
    if (!market.rows.length || (!isMine && subject !== this.#subject(compare.symbol))) return;
    // Something is missing, or candles of another source come: what is shown is asked for as a whole.
    if (kind === "gap" || kind === "source" || market.old) this.#askSoon(SOON_MS);
    const rows = market.old ? [] : (data?.rows ?? []);
    if (!rows.length) return;
    if (isMine) this.#mine(rows, kind, meta);
    else this.#draw(this.#others, compare.move(market, rows));
  }

  #mine(rows, kind, meta) {
    const { market } = this;
    const last = market.rows.at(-1)[0];
    const step = lengthOf(market.interval);
    // The one before the last may close late. What is older was fetched after a loss.
    const newest = rows.filter((row) => row[0] >= last - step);
    if (kind === "update" && newest.length < rows.length) this.#askSoon(SOON_MS);
    if (!newest.length) return;
    if (newest[0][0] > last + step) {
      this.#askSoon(SOON_MS);
      return;
    }
    if (market.move(newest, meta, titleOf(meta.provider))) this.#askSoon(BEGUN_MS);
    this.#draw(this.#rows, newest);
  }

  #indicator(ind, data, meta) {
    for (const one of this.indicators.shown.filter((other) => encode(other) === ind)) {
      const known = this.#values.get(one) ?? { rows: new Map(), at: 0 };
      known.at = meta.received_at;
      for (const row of rowsOf(one, data)) known.rows.set(row[0], row);
      this.#values.set(one, known);
    }
    this.#soon();
  }

  #draw(waiting, rows) {
    for (const row of rows) waiting.set(row[0], row);
    this.#soon();
  }

  #soon() {
    this.#due ??= setTimeout(() => {
      this.#due = null;
      const ordered = [this.#rows, this.#others].map((one) => [...one.values()].sort(byTime));
      this.#rows.clear();
      this.#others.clear();
      this.onMoved(...ordered, this.#moved());
    }, DRAWN_MS);
  }

  // The indicators that changed. A value whose candle did not come yet waits for it.
  #moved() {
    const [first, last] = [this.market.rows[0][0], this.market.rows.at(-1)[0]];
    const found = [];
    for (const [one, { rows, at }] of this.#values) {
      const told = [...rows.values()].filter(([time]) => time <= last).sort(byTime);
      for (const [time] of told) rows.delete(time);
      if (!rows.size) this.#values.delete(one);
      // Before its history came there is nothing to go on from.
      const seen = one.rows.length && this.indicators.shown.includes(one) ? told.filter(([time]) => time >= first) : [];
      if (!seen.length) continue;
      this.indicators.move(one, seen, at);
      found.push({ one, rows: seen });
    }
    return found;
  }

  #askSoon(ms) {
    this.#asking ??= setTimeout(() => {
      this.#asking = null;
      this.again();
    }, ms);
  }
}
