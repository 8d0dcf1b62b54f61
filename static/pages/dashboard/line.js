// A day of prices as a line, over the price the day opened at: in the colour of the change beside it,
// which is newer than the last candle, else of its own direction.
import { s, setAttribute } from "../../shared/js/dom.js";
import { price } from "../../shared/js/money.js";

const WIDE = 150;
const TALL = 34;
const EDGE = 2;

export class DayLine {
  #drawn = "";
  #own = null;

  constructor() {
    this.element = s("svg", { class: "line", viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", role: "img", "aria-label": "Last 24 hours: not known" });
  }

  // `closes` are oldest first, or null where they are not known; `open` is the price of 24 hours ago,
  // from which the change beside the line is counted; `way` is that of the change, null for none.
  set(closes, { pair, open = null, way = null }) {
    this.#draw(closes, pair, open);
    setAttribute(this.element, "data-way", way ?? this.#own);
  }

  #draw(closes, pair, open) {
    const pattern = closes ? `${open} ${closes.join()}` : "";
    if (pattern === this.#drawn) return;
    this.#drawn = pattern;
    const known = (closes ?? []).filter((value) => Number.isFinite(value));
    if (known.length < 2) {
      setAttribute(this.element, "aria-label", `${pair}, last 24 hours: not known`);
      this.element.replaceChildren();
      this.#own = null;
      return;
    }
    const base = Number.isFinite(open) ? open : known[0];
    const [low, high] = [Math.min(base, ...known), Math.max(base, ...known)];
    const y = (value) => (TALL - EDGE - ((value - low) / (high - low || 1)) * (TALL - 2 * EDGE)).toFixed(1);
    const path = known.map((value, at) => `${((at / (known.length - 1)) * WIDE).toFixed(1)} ${y(value)}`).join("L");
    const last = known.at(-1);
    this.#own = last > base ? "up" : last < base ? "down" : "flat";
    setAttribute(this.element, "aria-label", `${pair}, last 24 hours: ${price(base)} to ${price(last)}, low ${price(low)}, high ${price(high)}`);
    this.element.replaceChildren(
      s("path", { class: "open", d: `M0 ${y(base)}H${WIDE}` }),
      s("path", { class: "stroke", d: `M${path}` }),
    );
  }
}
