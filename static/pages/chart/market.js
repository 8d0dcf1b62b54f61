// The market that is shown: its candles as they came, oldest first, and what is known of them.
import { joined } from "./points.js";

export class Market {
  constructor(symbol, interval) {
    this.turnTo(symbol, interval);
  }

  // Another market: nothing of the last one stays. `moved` is what the stream told last, `isFollowed` whether it tells more.
  turnTo(symbol, interval) {
    Object.assign(this, { symbol, interval, rows: [], columns: [], meta: null, source: "", ticker: null, old: false, ended: false, moved: null, isFollowed: false });
  }

  // `part` is an answer, or the last known one: then `old`. True where a candle began.
  take({ data, meta, source }, { old = false } = {}) {
    const last = this.rows.at(-1)?.[0];
    this.columns = data.columns;
    this.old = old && !this.isFollowed;
    this.rows = joined(this.rows, data.rows);
    // An answer may be some seconds old; what the stream told since then holds.
    const { moved } = this;
    const isBehind = !this.old && moved !== null && meta.fetched_at < moved.meta.fetched_at;
    if (isBehind) this.rows = joined(this.rows, moved.rows);
    this.meta = isBehind ? { ...meta, ...moved.meta } : meta;
    this.source = isBehind ? moved.source : (source ?? meta.provider);
    return last !== undefined && this.rows.at(-1)[0] > last;
  }

  // The newest candles as the stream tells them. True where one began.
  move(rows, { provider, received_at: at, simulated }, source) {
    const last = this.rows.at(-1)[0];
    this.rows = joined(this.rows, rows);
    const meta = { provider, fetched_at: at, simulated, cache: "miss", stale: false };
    this.moved = { rows: joined(this.moved?.rows ?? [], rows).slice(-2), meta, source };
    this.meta = { ...this.meta, ...meta };
    this.source = source;
    return this.rows.at(-1)[0] > last;
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
