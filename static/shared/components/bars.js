// A history of equal spans, one bar each: tall is healthy, shorter is worse, a gap is not known, and a
// hollow bar is a state nobody put to the test in that span.
import { s, setAttribute } from "../js/dom.js";
import { stateOf } from "../js/states.js";
import { hideHint, showHint } from "../js/hint.js";
import { clock, stamp } from "../js/time.js";

const TALL = { healthy: 24, degraded: 17, offline: 10, unknown: 3, disabled: 3, none: 1.5 };
const WIDE = 4;
const STEP = 5.4;
// An outline lies inside its bar.
const INSET = 0.5;
const NOT_KNOWN = new Set(["none", "unknown", "disabled"]);

export class Bars {
  // With `still` the bars only show: no stop, no pointer, as on a wall.
  constructor({ still = false } = {}) {
    this.at = null;
    this.buckets = [];
    this.drawn = "";
    this.goes = null;
    this.element = s("svg", { class: "bars", preserveAspectRatio: "none", role: still ? "img" : "slider", tabindex: still ? null : 0, "aria-valuemin": still ? null : 0 });
    this.still = still;
    if (still) return;
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("pointermove", (event) => this.#point(event));
    this.element.addEventListener("pointerleave", () => this.#leave());
    this.element.addEventListener("blur", () => this.#leave());
    this.element.addEventListener("focus", () => this.#mark(this.buckets.length - 1));
    this.element.addEventListener("click", (event) => this.#follow(event));
  }

  // `buckets` are states, oldest first; `from` and `step` their times in ms; `asked` has a character for
  // each, "0" where nobody called; `href` is where a click or Enter leads.
  set({ buckets, from, step, summary, asked = null, href = null }) {
    this.buckets = buckets;
    this.asked = typeof asked === "string" && asked.length === buckets.length ? asked : null;
    this.from = from;
    this.step = step;
    this.goes = href;
    this.element.classList.toggle("leads", href !== null);
    setAttribute(this.element, "aria-label", summary);
    if (!this.still) {
      setAttribute(this.element, "aria-valuemax", Math.max(0, buckets.length - 1));
      if (this.at === null) this.#value(buckets.length - 1);
    }
    const pattern = `${buckets.join()} ${this.asked}`;
    if (pattern === this.drawn) return;
    this.drawn = pattern;
    setAttribute(this.element, "viewBox", `0 0 ${buckets.length * STEP} 24`);
    const paths = {};
    buckets.forEach((_, at) => {
      const { key, hollow } = this.#look(at);
      const edge = hollow ? INSET : 0;
      const [x, tall, wide] = [at * STEP + edge, TALL[key] - 2 * edge, WIDE - 2 * edge];
      const look = `${hollow ? "o" : "b"}-${key}`;
      paths[look] = `${paths[look] ?? ""}M${x.toFixed(1)} ${(24 - edge - tall).toFixed(1)}h${wide}v${tall}h-${wide}z`;
    });
    const at = this.cursor?.getAttribute("x");
    const shown = this.cursor?.getAttribute("visibility");
    this.cursor = this.still ? null : s("rect", { class: "cursor", x: at ?? 0, y: 0.7, width: WIDE + 1.2, height: 22.6, visibility: shown ?? "hidden" });
    this.element.replaceChildren(...Object.entries(paths).map(([look, d]) => s("path", { class: look, d })), ...(this.cursor ? [this.cursor] : []));
  }

  #look(at) {
    const raw = this.buckets[at];
    const key = raw === null || raw === undefined ? "none" : stateOf(raw).key;
    return { key, hollow: this.asked?.[at] === "0" && !NOT_KNOWN.has(key) };
  }

  #text(at) {
    const raw = this.buckets[at];
    const word = raw === null || raw === undefined ? "not known" : stateOf(raw).word + (this.#look(at).hollow ? ", not asked" : "");
    const starts = this.from + at * this.step;
    const show = this.step * this.buckets.length > 86400000 ? stamp : (ms) => clock(ms, { seconds: false });
    return Number.isFinite(starts) ? [word, `${show(starts)} to ${show(starts + this.step)}`] : [word, ""];
  }

  #value(at) {
    if (at < 0 || at >= this.buckets.length) return;
    setAttribute(this.element, "aria-valuenow", at);
    setAttribute(this.element, "aria-valuetext", this.#text(at).join(", "));
  }

  #mark(at) {
    if (at < 0 || at >= this.buckets.length || !this.cursor) return;
    this.at = at;
    this.#value(at);
    this.cursor.setAttribute("x", at * STEP - 0.6);
    this.cursor.setAttribute("visibility", "visible");
    showHint(this.element, [...this.#text(at), this.element.getAttribute("aria-label"), ...(this.goes ? ["Click for its incidents"] : [])]);
  }

  #key(event) {
    if (event.key === "Enter") {
      this.#follow(event);
      return;
    }
    const last = this.buckets.length - 1;
    const to = { ArrowLeft: this.at - 1, ArrowDown: this.at - 1, ArrowRight: this.at + 1, ArrowUp: this.at + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#mark(Math.min(last, Math.max(0, to)));
  }

  #point(event) {
    const box = this.element.getBoundingClientRect();
    this.#mark(Math.min(this.buckets.length - 1, Math.floor(((event.clientX - box.left) / box.width) * this.buckets.length)));
  }

  // The bars may lie within a link that leads elsewhere.
  #follow(event) {
    if (!this.goes) return;
    event.preventDefault();
    location.href = this.goes;
  }

  #leave() {
    this.at = null;
    this.cursor?.setAttribute("visibility", "hidden");
    hideHint();
  }
}
