// A history of equal spans, one bar each: tall is healthy, shorter is worse, a gap is not known.
import { s, setAttribute } from "../js/dom.js";
import { stateOf } from "../js/states.js";
import { hideHint, showHint } from "../js/hint.js";
import { clock, stamp } from "../js/time.js";

const TALL = { healthy: 24, degraded: 17, offline: 10, unknown: 3, disabled: 3, none: 1.5 };
const WIDE = 4;
const STEP = 5.4;

export class Bars {
  constructor() {
    this.at = null;
    this.buckets = [];
    this.drawn = "";
    this.element = s("svg", { class: "bars", tabindex: 0, role: "slider", preserveAspectRatio: "none", "aria-valuemin": 0 });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("pointermove", (event) => this.#point(event));
    this.element.addEventListener("pointerleave", () => this.#leave());
    this.element.addEventListener("blur", () => this.#leave());
    this.element.addEventListener("focus", () => this.#mark(this.buckets.length - 1));
  }

  // `buckets` are states, oldest first; `from` and `step` their times in ms.
  set({ buckets, from, step, summary }) {
    this.buckets = buckets;
    this.from = from;
    this.step = step;
    setAttribute(this.element, "aria-label", summary);
    setAttribute(this.element, "aria-valuemax", Math.max(0, buckets.length - 1));
    if (this.at === null) this.#value(buckets.length - 1);
    const pattern = buckets.join();
    if (pattern === this.drawn) return;
    this.drawn = pattern;
    setAttribute(this.element, "viewBox", `0 0 ${buckets.length * STEP} 24`);
    const paths = {};
    buckets.forEach((raw, at) => {
      const key = raw === null || raw === undefined ? "none" : stateOf(raw).key;
      const tall = TALL[key];
      paths[key] = `${paths[key] ?? ""}M${(at * STEP).toFixed(1)} ${24 - tall}h${WIDE}v${tall}h-${WIDE}z`;
    });
    this.cursor = s("rect", { class: "cursor", y: 0.7, width: WIDE + 1.2, height: 22.6, visibility: "hidden" });
    this.element.replaceChildren(...Object.entries(paths).map(([key, d]) => s("path", { class: `b-${key}`, d })), this.cursor);
  }

  #text(at) {
    const raw = this.buckets[at];
    const word = raw === null || raw === undefined ? "not known" : stateOf(raw).word;
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
    if (at < 0 || at >= this.buckets.length) return;
    this.at = at;
    this.#value(at);
    this.cursor.setAttribute("x", at * STEP - 0.6);
    this.cursor.setAttribute("visibility", "visible");
    showHint(this.element, [...this.#text(at), this.element.getAttribute("aria-label")]);
  }

  #key(event) {
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

  #leave() {
    this.at = null;
    this.cursor?.setAttribute("visibility", "hidden");
    hideHint();
  }
}
