// What a card says of its data: loading, ready, empty, stale or failed.
import { h, setText } from "./dom.js";
import { request } from "./links.js";
import { now, span } from "./time.js";

export class Panel {
  // `card` holds a header and a `.body`; `staleAfter` is three of its intervals.
  constructor(card, { staleAfter = 15000, retry = null } = {}) {
    this.card = card;
    this.body = card.querySelector(".body");
    this.retry = retry;
    this.staleAfter = staleAfter;
    this.at = null;
    this.age = h("span", { class: "note age", hidden: true });
    card.querySelector("header")?.append(this.age);
    this.failure = null;
    this.blank = null;
    card.setAttribute("aria-busy", "true");
    this.#show("loading");
  }

  ready(at = now()) {
    this.at = at;
    this.card.removeAttribute("aria-busy");
    this.body.querySelector(":scope > .skeleton")?.remove();
    this.failure?.remove();
    this.failure = null;
    this.#emptied(null);
    this.age.hidden = true;
    this.#show("ready");
  }

  empty(sentence, at = now()) {
    this.ready(at);
    this.#emptied(sentence);
    this.#show("empty");
  }

  // Called now and then: says how old the data is once that is too old.
  tick() {
    if (this.at === null || this.failure) return;
    const age = now() - this.at;
    const stale = age >= this.staleAfter;
    this.age.hidden = !stale;
    if (stale) {
      setText(this.age, `Last update ${span(age)} ago`);
      this.#show("stale");
    } else if (this.card.dataset.panelState === "stale") {
      this.#show(this.blank ? "empty" : "ready");
    }
  }

  // Keeps what is shown, and says beside it what went wrong.
  error(problem) {
    this.card.removeAttribute("aria-busy");
    this.body.querySelector(":scope > .skeleton")?.remove();
    this.failure?.remove();
    this.failure = h(
      "div",
      { class: "failure", role: "group", "aria-label": "Error" },
      h("strong", { text: problem.title ?? "Something the page cannot read" }),
      problem.detail ? h("span", { text: problem.detail }) : null,
      problem.requestId ? h("span", { class: "why" }, "Why? ", request(problem.requestId)) : null,
      this.retry ? h("button", { class: "button small", type: "button", onclick: () => this.retry() }, "Retry") : null,
    );
    this.card.insertBefore(this.failure, this.body);
    this.#show("error");
  }

  #emptied(sentence) {
    if (sentence === null) {
      this.blank?.remove();
      this.blank = null;
      return;
    }
    this.blank ??= this.body.appendChild(h("p", { class: "empty" }));
    setText(this.blank, sentence);
  }

  #show(state) {
    if (this.card.dataset.panelState !== state) this.card.dataset.panelState = state;
  }
}
