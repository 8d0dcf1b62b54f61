// A box for a pair that suggests pairs which are really traded, and who has them.
import { h, setAttribute } from "../../shared/js/dom.js";
import { pairs } from "./source.js";

const WAIT_MS = 150;

export class PairBox {
  // `input` and `list` stand in the page; `onChoose(pair)` with what was chosen or written.
  constructor(input, list, onChoose) {
    Object.assign(this, { input, list, onChoose, value: input.value, at: -1, timer: null, turn: null, written: false });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("input", () => {
      this.written = true;
      this.#wait();
    });
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => {
      this.#close();
      this.#restore();
    });
    // A press on a line must not take the focus from the box first.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  // What is being written stays.
  set(value) {
    this.value = value;
    if (!this.written) this.input.value = value;
  }

  #restore() {
    this.written = false;
    this.input.value = this.value;
  }

  #wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), WAIT_MS);
  }

  async #ask() {
    this.turn?.abort();
    const turn = (this.turn = new AbortController());
    const wanted = this.input.value.trim();
    try {
      const found = await pairs(wanted, turn.signal);
      if (!turn.signal.aborted && document.activeElement === this.input) this.#show(found);
    } catch {
      // Suggestions are a help: without them a pair is written in full.
      if (!turn.signal.aborted) this.#close();
    }
  }

  #show(found) {
    this.at = -1;
    this.list.replaceChildren(...found.map(({ pair, sources, sources_total: total }, at) =>
      h("li", { id: `${this.list.id}-${at}`, role: "option", "aria-selected": "false", data: { pair }, onclick: () => this.#choose(pair) },
        h("b", { text: pair }), h("span", { text: whoHas(sources, total) }))));
    this.#open(found.length > 0);
  }

  #open(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }

  #close() {
    clearTimeout(this.timer);
    this.turn?.abort();
    this.#open(false);
  }

  #choose(pair) {
    this.#close();
    const wanted = pair.trim();
    if (wanted) {
      this.value = wanted.toUpperCase();
      this.written = false;
      this.onChoose(this.value);
    }
    this.#restore();
  }

  #key(event) {
    const lines = [...this.list.children];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) {
        this.#ask();
        return;
      }
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.at = (this.at + step + lines.length) % lines.length;
      lines.forEach((line, at) => line.setAttribute("aria-selected", String(at === this.at)));
      setAttribute(this.input, "aria-activedescendant", lines[this.at].id);
      lines[this.at].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.#choose(this.list.hidden || this.at < 0 ? this.input.value : lines[this.at].dataset.pair);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.#close();
      this.#restore();
    }
  }
}

function whoHas(sources, total) {
  if (!total) return "no list of pairs was read yet";
  const more = total - sources.length;
  return `${sources.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
