// Brings the candles, the indicators and the second market: the whole, then the newest, then older ones.
import { Poller } from "../../shared/js/poll.js";
import { LIMIT } from "./first.js";
import { picture, problemOf } from "./source.js";

const MOST = 1000;
const TAIL = 3;
const REFRESH_MS = 5000;
// While the stream moves the candles, only what it does not tell is asked for: the change of a day.
const FOLLOWED_MS = 15000;
const AGAIN_MS = 20000;

export class Feed {
  #turn = new AbortController();
  #older = null;
  #olderAfter = 0;
  #isWholeDue = false;

  // `onWhole(isFirst)`: everything is to be drawn anew; `onTail(rows)`: the newest candles changed;
  // `onBad(problem)`: a round failed.
  constructor(market, indicators, compare, { onWhole, onTail, onBad }) {
    Object.assign(this, { market, indicators, compare, onWhole, onTail });
    this.poller = new Poller(() => this.#round(), { interval: REFRESH_MS, onBad });
  }

  // From the start, and again until it comes: late answers for what was looked at before are dropped.
  open() {
    this.#turn.abort();
    this.#turn = new AbortController();
    this.#older = null;
    this.#olderAfter = 0;
    this.#isWholeDue = false;
    this.poller.failures = 0;
    if (this.poller.stopped) this.poller.start();
    else this.poller.now();
  }

  // Everything anew, what is shown meanwhile stays.
  again() {
    this.#isWholeDue = true;
    this.poller.now();
  }

  stop() {
    this.poller.stop();
  }

  async #round() {
    const { signal } = this.#turn;
    try {
      this.poller.interval = !this.#needs(this.indicators.shown) ? FOLLOWED_MS : REFRESH_MS;
      if (!this.market.rows.length || this.market.old || this.#isWholeDue) await this.#whole(signal);
      else await this.#tail(signal);
    } catch (problem) {
      if (!signal.aborted) throw problem;
    }
  }

  #ask(limit, indicators, end = null) {
    const { symbol, interval } = this.market;
    return picture({ symbol, interval, limit, indicators, end }, this.#turn.signal);
  }

  async #whole(signal) {
    const shown = [...this.indicators.shown];
    const limit = Math.min(MOST, Math.max(LIMIT, this.market.rows.length));
    const found = await this.#ask(limit, shown);
    if (signal.aborted) return;
    const { candles } = found;
    if (!candles.data && !candles.last_known) throw problemOf(candles.error ?? {});
    const isFirst = this.market.rows.length === 0;
    this.#isWholeDue = false;
    this.market.symbol = found.symbol ?? this.market.symbol;
    this.market.take(candles.data ? candles : candles.last_known, { old: !candles.data });
    this.#parts(found, shown);
    await this.#second(signal, limit);
    if (signal.aborted) return;
    this.onWhole(isFirst);
    if (candles.error && this.#needs(shown)) throw problemOf(candles.error);
  }

  async #tail(signal) {
    const shown = this.indicators.shown.filter((one) => !one.isFollowed);
    const found = await this.#ask(TAIL, shown);
    if (signal.aborted) return;
    const { candles } = found;
    if (!candles.data) {
      if (this.#needs(shown)) throw problemOf(candles.error ?? {});
      return;
    }
    if (this.market.leavesGap(candles.data.rows)) {
      // Away for longer than the tail: what lies between is asked for with the whole.
      await this.#whole(signal);
      return;
    }
    const begun = this.market.take(candles);
    this.#parts(found, shown);
    await this.#second(signal, TAIL);
    if (signal.aborted) return;
    // A new candle moves what is drawn apart from its own time, so the whole is asked for.
    if (begun && this.indicators.shown.length) await this.#whole(signal);
    else this.onTail(this.market.rows.slice(-TAIL));
  }

  // Whether something is missing without an answer: what is followed comes without one.
  #needs(shown) {
    return !this.market.isFollowed || shown.some((one) => !one.isFollowed);
  }

  // The second market's failure is its own: the first stays.
  async #second(signal, limit, end = null) {
    try {
      await this.compare.load(this.market, { limit, end }, signal);
    } catch (problem) {
      if (!signal.aborted) this.compare.problem = problem;
    }
  }

  #parts(found, shown) {
    this.market.ticker = found.ticker?.data ?? found.ticker?.last_known?.data ?? this.market.ticker;
    const first = this.market.rows[0][0];
    shown.forEach((one, at) => {
      if (found.indicators[at] && this.indicators.shown.includes(one)) this.indicators.take(one, found.indicators[at], first);
    });
  }

  // What an indicator or a second market that was just added needs.
  async fill() {
    const { signal } = this.#turn;
    if (!this.market.rows.length || this.market.old) return;
    try {
      const wanted = this.indicators.shown.filter((one) => !one.rows.length);
      await this.#stretch(signal, wanted, null);
      // Candles that were loaded when the viewer went back in time have their values too.
      const first = this.market.rows[0][0];
      for (let at = this.market.rows.length - MOST; at > 0 && !signal.aborted; at -= MOST) await this.#stretch(signal, wanted, this.market.rows[at - 1][0]);
      if (!signal.aborted && this.market.rows[0][0] === first) this.onWhole(false);
    } catch {
      // The next round asks for what is missing, and says so if it cannot be had.
      if (!signal.aborted) this.poller.now();
    }
  }

  async #stretch(signal, wanted, end) {
    if (wanted.length) {
      const found = await this.#ask(Math.min(MOST, Math.max(LIMIT, this.market.rows.length)), wanted, end);
      if (!signal.aborted) this.#parts(found, wanted);
    }
    if (!signal.aborted) await this.#second(signal, Math.min(MOST, this.market.rows.length), end);
  }

  // Older candles, until there are none; true where some came. A failure is not repeated at once.
  back() {
    if (this.#older) return this.#older;
    const older = this.#back().finally(() => {
      if (this.#older === older) this.#older = null;
    });
    this.#older = older;
    return older;
  }

  async #back() {
    if (this.market.ended || this.market.old || !this.market.rows.length || performance.now() < this.#olderAfter) return false;
    const { signal } = this.#turn;
    const shown = [...this.indicators.shown];
    try {
      const end = this.market.rows[0][0] - 1;
      const found = await this.#ask(LIMIT, shown, end);
      if (signal.aborted) return false;
      if (!found.candles.data) {
        this.#olderAfter = performance.now() + AGAIN_MS;
        return false;
      }
      const came = this.market.takeOlder(found.candles.data.rows);
      this.#parts({ ...found, ticker: null }, shown);
      await this.#second(signal, LIMIT, end);
      if (signal.aborted || !came) return false;
      this.onWhole(false);
      return true;
    } catch {
      this.#olderAfter = performance.now() + AGAIN_MS;
      return false;
    }
  }
}
