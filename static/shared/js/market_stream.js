// Markets as they move: prices or candles by the server's own feeds, for pages that show them.
//
// A page is right without it: what the stream does not tell, the page asks for. `of(subject)` says which of the
// two feeds it. The route answers 200 on any day; what cannot be followed is an event. An indicator's events have
// `ind`, what it was asked by, which stands for their subject.
import { address, kept, script } from "./api.js";
import { SharedStream } from "./shared_stream.js";
import { learn } from "./words.js";

const FAMILY = "coinmux-market:";
// Without HTTP/2 a browser has six connections to a server: questions need some of them.
const MOST = 3;
const DATA = ["snapshot", "update"];
const OFF = { state: "off", at: null, provider: null };

export class MarketStream {
  #known = new Map();
  #stream = new SharedStream({
    kinds: ["hello", ...DATA, "source", "gap", "stale", "refused"],
    proof: DATA,
    told: (kind, text) => this.#told(kind, JSON.parse(text)),
    turned: () => this.turned(),
    family: FAMILY,
    most: MOST,
  });

  // `told({kind, subject, ind, data, meta})` gets each event; `turned()`: how a market is followed may be another.
  constructor({ told, turned }) {
    Object.assign(this, { told, turned });
    document.addEventListener("paused", ({ detail }) => this.#stream.pause(detail));
    this.#stream.pause(document.documentElement.dataset.live === "paused");
  }

  // These markets and no others; none ends it. `fields` belong to the question, as the interval of candles.
  follow(capability, symbols, fields = {}) {
    const params = { symbols: symbols.join(","), ...fields };
    const name = symbols.length ? `${FAMILY}${capability}?${new URLSearchParams(params)}` : null;
    if (name === this.name) return;
    this.name = name;
    this.#known.clear();
    this.#open(name, address(`api/pages/${capability}/stream`, params));
    this.turned();
  }

  // A browser's own EventSource sends no header, so a tab with a key reads its stream itself.
  async #open(name, target) {
    const key = kept();
    if (!name || !key) {
      this.#stream.follow(name, target);
      return;
    }
    this.#stream.follow(null);
    const { readerFor } = await script(() => import("./event_reader.js"));
    const found = await readerFor(name, key);
    if (name === this.name) this.#stream.follow(found.name, target, found.open);
  }

  // How a market is followed: `state` is "live" (a socket tells it), "polled" (the server asks), "stale" (nobody tells
  // it now) or "off" (this page has to ask); `at` and `provider` are of what was told last.
  of(subject) {
    return this.#stream.state === "stream" ? (this.#known.get(subject) ?? OFF) : OFF;
  }

  #told(kind, { subject, ind, data, meta, titles }) {
    if (kind === "hello") {
      learn(Object.entries(titles).map(([name, title]) => ({ name, title })));
      return;
    }
    const name = ind ?? subject;
    const before = this.of(name).state;
    const known = this.#known.get(name) ?? OFF;
    if (kind === "refused") this.#known.delete(name);
    else if (kind === "stale") this.#known.set(name, { ...known, state: "stale" });
    else if (DATA.includes(kind)) this.#known.set(name, { state: meta.live ? "live" : "polled", at: meta.received_at, provider: meta.provider });
    this.told({ kind, subject, ind, data, meta });
    if (this.of(name).state !== before) this.turned();
  }
}
