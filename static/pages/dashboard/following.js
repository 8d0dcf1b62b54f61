// The pairs as they move: what the stream tells of a price goes into its row.
import { h, setAttribute, setText } from "../../shared/js/dom.js";
import { MarketStream } from "../../shared/js/market_stream.js";
import { titleOf } from "../../shared/js/words.js";

// A row is written at most so often, however often its price moves.
const DRAWN_MS = 250;

export class Following {
  #pairs = [];
  #due = null;

  // `mark` says how the pairs are followed; `turned()` is called when that may be another, `drawn()` after rows moved.
  constructor(markets, mark, { turned, drawn }) {
    Object.assign(this, { markets, mark, turned, drawn });
    this.word = h("span", { class: "wide" });
    mark.append(this.word);
    this.stream = new MarketStream({ told: (event) => this.#told(event), turned: () => this.#turned() });
  }

  // Only pairs that a source answered for: no other can be followed.
  follow(pairs) {
    this.#pairs = pairs;
    this.stream.follow("ticker", pairs);
    this.#turned();
  }

  // Whether the stream tells a pair's price now.
  tells(pair) {
    return ["live", "polled"].includes(this.stream.of(pair).state);
  }

  // Whether every price comes without this page's asking.
  get isWhole() {
    return this.#pairs.length > 0 && this.#pairs.every((pair) => this.tells(pair));
  }

  #told({ subject, data, meta }) {
    if (!data) return;
    this.markets.move(subject, data, meta, titleOf(meta.provider));
    this.#due ??= setTimeout(() => {
      this.#due = null;
      this.markets.draw();
      this.drawn();
    }, DRAWN_MS);
  }

  #turned() {
    const states = this.#pairs.map((pair) => this.stream.of(pair).state);
    const live = states.filter((state) => state === "live").length;
    const best = live ? "live" : states.includes("polled") ? "polled" : states.includes("stale") ? "stale" : null;
    const words = live === states.length ? "live" : `${live} of ${states.length} live`;
    this.mark.hidden = best === null;
    setText(this.word, best === "live" ? words : (best ?? ""));
    setAttribute(this.mark, "data-feed", best);
    setAttribute(this.mark, "title", best === "live" ? `${words}: sources push each change of these prices` : best === "polled" ? "The server asks again and again, as no source pushes these prices now" : best ? "No source tells these prices now" : null);
    this.turned();
  }
}
