// One stream of the server for all pages of this browser that ask for the same.
//
// A page that is seen asks for a lock; its holder has the stream and passes each event on. A page that is
// hidden, or paused, lets go. Without locks (another machine, no TLS) each page that is seen has its own.
import { eachSecond } from "./time.js";

const RETRY_MS = [2000, 5000, 10000, 30000];
// Longer than this between two seconds, and the machine slept: its connections are dead.
const SLEPT_MS = 8000;

export class SharedStream {
  #name = null;
  #target = null;
  #channel = null;
  #source = null;
  #greeting = null;
  #isProved = false;
  #leave = null;
  #asking = null;
  #fed = false;
  #failures = 0;
  #retry = null;
  #seen = Date.now();
  #begun = false;
  #paused = false;
  state = "polling";
  leads = false;

  // `told(kind, text)` gets each event of these `kinds`, in every page that follows; one of `proof` shows that
  // the stream works. `turned(gap)`: the state is another, or with `gap` events were missed.
  // Beside `most` streams whose names begin with `family` this browser opens no further one.
  constructor({ kinds, proof, told, turned, family = null, most = 0 }) {
    Object.assign(this, { kinds, proof, told, turned, family, most });
  }

  // By `name` the pages know that they ask for the same; null follows nothing. `reader` opens it.
  follow(name, target = null, reader = (url) => new EventSource(url)) {
    if (name === this.#name) return;
    this.#release();
    this.#channel?.close();
    this.#channel = null;
    this.#name = name;
    this.#target = target;
    this.reader = reader;
    this.#fed = false;
    this.#failures = 0;
    if (name === null) return;
    if (typeof BroadcastChannel === "function") {
      this.#channel = new BroadcastChannel(name);
      this.#channel.addEventListener("message", ({ data }) => this.#heard(data));
    }
    if (!this.#begun) this.#begin();
    this.#decide();
  }

  // A paused page follows nothing; it asks anew when it goes on.
  pause(paused) {
    this.#paused = paused;
    this.#decide();
  }

  #begin() {
    this.#begun = true;
    document.addEventListener("visibilitychange", () => this.#decide());
    addEventListener("pagehide", () => this.#release());
    addEventListener("pageshow", () => this.#decide());
    eachSecond(() => this.#awake());
  }

  #decide() {
    if (this.#name === null) return;
    if (document.hidden || this.#paused) this.#release();
    else this.#follow();
  }

  async #follow() {
    if (this.#asking || this.leads) return;
    if (!navigator.locks) {
      this.leads = true;
      this.#open();
      return;
    }
    const asking = (this.#asking = new AbortController());
    if (this.family && (await this.#isCrowded())) {
      // Perhaps in a second there is room.
      if (this.#asking === asking) this.#asking = null;
      return;
    }
    if (asking.signal.aborted) return;
    // Whoever leads says how the stream is; where nobody leads, the lock is free.
    this.#channel?.postMessage({ asks: true });
    navigator.locks
      .request(this.#name, { signal: asking.signal }, () => new Promise((leave) => {
        if (asking.signal.aborted) {
          leave();
          return;
        }
        this.#leave = leave;
        this.leads = true;
        this.#open();
      }))
      .catch(() => {
        // Given up before it was our turn.
      });
  }

  async #isCrowded() {
    const { held } = await navigator.locks.query();
    return held.filter(({ name }) => name.startsWith(this.family) && name !== this.#name).length >= this.most;
  }

  #release() {
    this.#asking?.abort();
    this.#asking = null;
    this.#close();
    this.leads = false;
    this.#leave?.();
    this.#leave = null;
    this.#turn("polling");
  }

  #open() {
    this.#close();
    this.#isProved = false;
    const source = (this.#source = this.reader(this.#target));
    for (const kind of new Set([...this.proof, ...this.kinds])) source.addEventListener(kind, ({ data }) => this.#came(kind, data));
    source.addEventListener("error", () => this.#failed());
  }

  #close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #came(kind, text) {
    if (!this.#isProved && this.proof.includes(kind)) this.#proved();
    if (!this.kinds.includes(kind)) return;
    if (kind === "hello") this.#greeting = text;
    this.#pass({ kind, text });
  }

  // What happened while nobody listened was missed: pages are told to ask.
  #proved() {
    const missed = this.#fed;
    this.#isProved = true;
    this.#fed = true;
    this.#failures = 0;
    this.#turn("stream");
    if (missed) this.#pass({ gap: true });
  }

  // The browser's own retries stop at an answer that is no stream; ours do not.
  #failed() {
    this.#close();
    this.#turn("polling");
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#open(), wait * (0.85 + Math.random() * 0.3));
  }

  #awake() {
    const slept = Date.now() - this.#seen > SLEPT_MS;
    this.#seen = Date.now();
    if (slept && this.leads) this.#open();
    else if (!this.#asking && !this.leads) this.#decide();
  }

  #turn(state) {
    const before = this.state;
    this.state = state;
    if (this.leads) this.#channel?.postMessage({ state });
    if (before !== state) this.turned(false);
  }

  #pass(message) {
    this.#channel?.postMessage(message);
    this.#deliver(message);
  }

  #heard(message) {
    if (message.asks) {
      if (!this.leads) return;
      this.#channel.postMessage({ state: this.state });
      if (this.#greeting !== null) this.#channel.postMessage({ kind: "hello", text: this.#greeting });
      return;
    }
    if (this.leads || !this.#asking) return;
    if (message.state && message.state !== this.state) {
      this.state = message.state;
      this.#fed ||= this.state === "stream";
      this.turned(false);
    }
    this.#deliver(message);
  }

  #deliver({ kind, text, gap }) {
    if (gap) this.turned(true);
    if (kind) this.told(kind, text);
  }
}
