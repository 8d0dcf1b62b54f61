// Times of the chart: lengths of intervals, the library's seconds, and the words on its axis.
import { clock, day, zone, zoneName } from "../../shared/js/time.js";

const UNITS = { m: 60000, h: 3600000, d: 86400000, w: 604800000 };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TICK = { year: 0, month: 1, day: 2 };

// Months have no fixed length: null.
export const stepOf = (interval) => (interval === "1M" ? null : Number.parseInt(interval, 10) * UNITS[interval.at(-1)]);

export const lengthOf = (interval) => stepOf(interval) ?? 31 * UNITS.d;

// A candle of a day or longer is one of UTC's days, whatever zone its viewer lives in.
const whole = (interval) => lengthOf(interval) >= UNITS.d;

export class Times {
  constructor() {
    this.of("1h");
  }

  // The axis puts its days where UTC has them, so times of a local zone are moved there by one fixed distance:
  // a distance that changed with summer time would put two candles at one place.
  of(interval) {
    this.interval = interval;
    this.shift = zone() === "utc" || whole(interval) ? 0 : -new Date().getTimezoneOffset() * 60000;
  }

  get name() {
    return whole(this.interval) ? "UTC days" : zoneName();
  }

  // The two places where times become the library's seconds, and come back.
  toChart(ms) {
    return Math.floor((ms + this.shift) / 1000);
  }

  fromChart(seconds) {
    return seconds * 1000 - this.shift;
  }

  #day(ms) {
    return whole(this.interval) ? new Date(ms).toISOString().slice(0, 10) : day(ms);
  }

  // `type` is the library's: the greatest unit that changed with this candle.
  tick(seconds, type) {
    const ms = this.fromChart(seconds);
    const [year, month, date] = this.#day(ms).split("-");
    if (type === TICK.year) return year;
    if (type === TICK.month) return MONTHS[month - 1];
    if (type === TICK.day) return String(Number(date));
    return clock(ms, { seconds: false });
  }

  // Under the cursor.
  full(seconds) {
    return this.text(this.fromChart(seconds));
  }

  text(ms) {
    const [year, month, date] = this.#day(ms).split("-");
    const words = `${Number(date)} ${MONTHS[month - 1]} ${year}`;
    return whole(this.interval) ? words : `${words} ${clock(ms, { seconds: false })}`;
  }
}

export const times = new Times();
