// The state in one sentence: what can be answered, what cannot and since when. Its names are links.
import { h, setAttribute, setText } from "../js/dom.js";
import { root } from "../js/api.js";
import { shape, stateOf } from "../js/states.js";
import { clock, now, span } from "../js/time.js";

const pageOf = {
  capability: (name) => new URL(`explain?capability=${encodeURIComponent(name)}`, root).href,
  provider: (name) => new URL(`providers?name=${encodeURIComponent(name)}`, root).href,
};

const wordOf = (state) => (state.key === "healthy" ? "ONLINE" : state.word.toUpperCase());

// Where a segment leads, or null for plain words.
function leadsTo({ capability, provider }) {
  if (typeof capability === "string") return pageOf.capability(capability);
  return typeof provider === "string" ? pageOf.provider(provider) : null;
}

export class Verdict {
  #drawn = "";
  #said = null;

  // `big` is the form for a screen on a wall: nothing in it can be followed.
  constructor({ big = false } = {}) {
    this.big = big;
    this.mark = shape("unknown");
    this.sentence = h("p", { class: "sentence", text: "Asking the server…" });
    this.word = h("strong", { class: "word", text: "CHECKING" });
    this.lasted = h("time", { class: "lasted" });
    this.why = h("a", { class: "why", hidden: true }, "Why?");
    this.element = h("section", { class: "verdict", "aria-label": "Verdict", data: { state: "unknown", big } },
      this.mark, this.sentence, h("div", { class: "end" }, this.word, this.lasted, big ? null : this.why));
    setInterval(() => this.#tick(), 1000);
    document.addEventListener("zone", () => this.#said && this.#draw());
  }

  // `verdict` are the sentence's segments; `reason` is the same as plain text, where there are none.
  set({ status, since = null, verdict = null, reason = "" }) {
    const segments = Array.isArray(verdict) && verdict.length ? verdict : [{ text: reason ?? "" }];
    this.#said = { state: stateOf(status), since, segments };
    this.#draw();
  }

  #draw() {
    const { state, segments } = this.#said;
    const key = state.key === "disabled" ? "unknown" : state.key;
    if (this.element.dataset.state !== key) {
      this.element.dataset.state = key;
      const mark = shape(key);
      this.mark.replaceWith(mark);
      this.mark = mark;
    }
    setText(this.word, wordOf(state));
    setAttribute(this.word, "title", state.raw ? `reported as ${state.raw}` : null);
    // Drawn anew only when it says something else: a link that has the focus stays.
    const pattern = JSON.stringify([segments, segments.map(({ at }) => (Number.isFinite(at) ? clock(at, { seconds: false }) : ""))]);
    if (pattern !== this.#drawn) {
      this.#drawn = pattern;
      this.#write(segments);
    }
    const cause = segments.find((one) => one.capability) ?? segments.find((one) => one.provider);
    this.why.hidden = state.key === "healthy" || !cause;
    if (cause) this.why.href = leadsTo(cause);
    this.#tick();
  }

  #write(segments) {
    const held = this.sentence.contains(document.activeElement) ? document.activeElement.href : null;
    this.sentence.replaceChildren(...segments.map((one) => this.#segment(one)));
    if (held) ([...this.sentence.querySelectorAll("a")].find((link) => link.href === held) ?? this.why).focus();
  }

  #segment(one) {
    const words = Number.isFinite(one.at) ? clock(one.at, { seconds: false }) : String(one.text ?? "");
    if (Number.isFinite(one.at)) return h("time", { datetime: new Date(one.at).toISOString(), text: words });
    const to = this.big ? null : leadsTo(one);
    return to ? h("a", { href: to, title: one.capability ?? one.provider, text: words }) : h("span", { text: words });
  }

  #tick() {
    const since = this.#said?.since;
    const known = Number.isFinite(since);
    this.lasted.hidden = !known;
    if (!known) return;
    setText(this.lasted, span(now() - since));
    setAttribute(this.lasted, "datetime", new Date(since).toISOString());
    setAttribute(this.lasted, "title", `since ${clock(since)}`);
  }
}
