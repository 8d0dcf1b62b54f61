// Where a part of the page came from, and how old it is: "Binance, live, 3 s ago".
import { h, setAttribute, setText } from "../../shared/js/dom.js";
import { setSince, since } from "../../shared/js/time.js";
import { cameAs } from "../../shared/js/words.js";

// What a part has to show: its data, else what was last known of it.
export const shownOf = (part) => (part?.data ? { data: part.data, meta: part.meta, source: part.source, past: false } : part?.last_known ? { ...part.last_known, past: true } : null);

export class Provenance {
  // `brief` leaves out how the answer came.
  constructor(element, { brief = false } = {}) {
    this.element = element;
    this.brief = brief;
    this.words = h("span");
    this.age = since(NaN);
  }

  set(shown) {
    this.element.hidden = !shown;
    if (!shown) return;
    if (!this.words.isConnected) this.element.replaceChildren(this.words, this.age);
    const { meta, past } = shown;
    const came = past ? "last known, " : this.brief ? "" : `${cameAs(meta.cache)}, `;
    setText(this.words, `${shown.source ?? meta.provider}, ${came}`);
    setAttribute(this.words, "title", meta.provider);
    setSince(this.age, meta.fetched_at);
  }
}
