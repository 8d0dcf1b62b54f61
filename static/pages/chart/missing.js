// What stands in place of the chart where there are no candles: why, when it is tried again, what else there is.
import { h, setText } from "../../shared/js/dom.js";
import { eachSecond } from "../../shared/js/time.js";
import { pairs } from "./source.js";

const MOST = 4;
// The question itself was wrong: asking again would be no use.
const ASKED_WRONG = (problem) => problem.status >= 400 && problem.status < 500 && ![408, 425, 429].includes(problem.status);

export class Missing {
  // `nextAt()` is when it is tried again, of `performance.now()`; `onChoose(pair)` takes another pair.
  constructor(panel, { nextAt, onChoose }) {
    Object.assign(this, { panel, nextAt, onChoose });
    this.note = null;
    eachSecond(() => this.#count());
  }

  // True where it is not worth asking again.
  show(problem, symbol, isBare) {
    const wrong = ASKED_WRONG(problem);
    this.panel.error(problem);
    this.panel.card.toggleAttribute("data-bare", isBare);
    this.note = wrong ? null : h("span", { class: "note", role: "timer" });
    if (this.note) this.panel.failure.append(this.note);
    if (wrong && isBare) {
      this.panel.failure.querySelector("button")?.remove();
      this.#suggest(symbol, this.panel.failure);
    }
    // The clock starts after this round is counted.
    setTimeout(() => this.#count());
    return wrong;
  }

  #count() {
    if (!this.note?.isConnected) return;
    const left = Math.ceil((this.nextAt() - performance.now()) / 1000);
    setText(this.note, left > 0 ? `next try in ${left} s` : "trying again");
  }

  // Pairs that are traded, by the first part of what was written.
  async #suggest(symbol, place) {
    try {
      const base = symbol.split(/[/_-]/)[0];
      let found = await pairs(base);
      if (!found.length || found.every(({ pair }) => pair === symbol)) found = await pairs("");
      const others = found.filter(({ pair }) => pair !== symbol).slice(0, MOST);
      if (!others.length || !place.isConnected) return;
      place.append(h("span", { class: "others" }, "Traded: ", others.map(({ pair }) =>
        h("button", { class: "button small", type: "button", onclick: () => this.onChoose(pair) }, pair))));
    } catch {
      // Suggestions are a help; the reason stands without them.
    }
  }
}
