// The market that is shown: its candles as they came, oldest first, and what is known of them.
import { joined } from "./points.js";

export class Market {
  constructor(symbol, interval) {
    this.turnTo(symbol, interval);
  }

  // Another market: nothing of the last one stays.
  turnTo(symbol, interval) {
    Object.assign(this, { symbol, interval, rows: [], columns: [], meta: null, source: "", ticker: null, old: false, ended: false });
  }

  // `part` is an answer, or the last known one: then `old`. True where a candle began.
  take({ data, meta, source }, { old = false } = {}) {
    const last = this.rows.at(-1)?.[0];
    this.columns = data.columns;
    this.meta = meta;
    this.source = source ?? meta.provider;
    this.old = old;
    this.rows = joined(this.rows, data.rows);
    return last !== undefined && this.rows.at(-1)[0] > last;
  }

  // Candles before the oldest; none means that there are none.
  takeOlder(rows) {
    const first = this.rows[0][0];
    const found = rows.filter((row) => row[0] < first);
    this.ended = found.length === 0;
    this.rows = [...found, ...this.rows];
    return found.length;
  }

  // An answer that begins after the newest candle leaves a gap that only the whole can fill.
  leavesGap(rows) {
    const last = this.rows.at(-1)?.[0];
    return last !== undefined && rows.length > 0 && rows[0][0] > last;
  }
}
