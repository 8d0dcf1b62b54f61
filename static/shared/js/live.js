// What happens, as it happens: one stream of the server for all pages of this browser.
//
// A page that is seen asks for a lock; who holds it holds the stream and passes each event on to the
// others. A page that is hidden, or paused, lets go, so that a hidden page never leads. Without locks
// (a page that came without TLS from another machine) each page that is seen has a stream of its own.
// Nothing depends on it: pages keep asking the monitor, and `state` says which of the two feeds them.
import { address } from "./api.js";
import { eachSecond } from "./time.js";

const LOCK = "coinmux-stream";
const RETRY_MS = [2000, 5000, 10000, 30000];
// Longer than this between two seconds, and the machine slept: its connections are dead, though they do not know it.
const SLEPT_MS = 8000;

class Live {
  #listeners = new Set();
  #channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(LOCK) : null;
  #source = null;
  #wanted = false;
  #leave = null;
  #asking = null;
  #fed = false;
  #failures = 0;
  #retry = null;
  #seen = Date.now();
  #paused = false;
  state = "polling";
  leads = false;

  constructor() {
    this.#channel?.addEventListener("message", ({ data }) => this.#heard(data));
    document.addEventListener("visibilitychange", () => this.#decide());
    addEventListener("pagehide", () => this.#release());
    addEventListener("pageshow", () => this.#decide());
  }

  // `listener(event)` gets each event, in the form of `events.items`; what this gives back unsubscribes.
  on(listener) {
    this.#listeners.add(listener);
    if (!this.#wanted) {
      this.#wanted = true;
      eachSecond(() => this.#awake());
      this.#decide();
    }
    return () => {
      this.#listeners.delete(listener);
    };
  }

  // A paused page follows nothing; it asks anew when it goes on.
  pause(paused) {
    this.#paused = paused;
    this.#decide();
  }

  #decide() {
    if (!this.#wanted) return;
    if (document.hidden || this.#paused) this.#release();
    else this.#follow();
  }

  #follow() {
    if (this.#asking || this.leads) return;
    if (!navigator.locks) {
      this.leads = true;
      this.#open();
      return;
    }
    // Whoever leads says how the stream is; nobody answers where nobody leads, and the lock is free.
    this.#channel?.postMessage({ asks: true });
    const asking = (this.#asking = new AbortController());
    navigator.locks
      .request(LOCK, { signal: asking.signal }, () => new Promise((leave) => {
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
    const source = (this.#source = new EventSource(address("api/stream")));
    source.addEventListener("hello", () => this.#greeted());
    for (const kind of ["reset", "dropped"]) source.addEventListener(kind, () => this.#tell({ gap: true }));
    source.addEventListener("message", ({ data }) => this.#tell({ event: JSON.parse(data) }));
    source.addEventListener("error", () => this.#failed());
  }

  #close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  // What happened while nobody listened is in the monitor's answer: pages are told to ask.
  #greeted() {
    const missed = this.#fed;
    this.#fed = true;
    this.#failures = 0;
    this.#turn("stream");
    if (missed) this.#tell({ gap: true });
  }

  // The browser's own retries stop for good at an answer that is no stream; ours do not.
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
  }

  #turn(state) {
    const before = this.state;
    this.state = state;
    if (this.leads) this.#channel?.postMessage({ state });
    if (before !== state) this.#changed({});
  }

  #tell(message) {
    this.#channel?.postMessage(message);
    this.#deliver(message);
  }

  #heard(message) {
    if (message.asks) {
      if (this.leads) this.#channel.postMessage({ state: this.state });
      return;
    }
    if (this.leads || !this.#asking) return;
    if (message.state && message.state !== this.state) {
      this.state = message.state;
      this.#fed ||= this.state === "stream";
      this.#changed({});
    }
    this.#deliver(message);
  }

  #deliver({ event, gap }) {
    if (gap) this.#changed({ gap: true });
    if (!event) return;
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        console.warn(`An event could not be shown: ${error.message}`);
      }
    }
  }

  // `detail.gap` is true where events were missed and the page has to ask.
  #changed(detail) {
    document.dispatchEvent(new CustomEvent("live-state", { detail: { state: this.state, gap: false, ...detail } }));
  }
}

export const live = new Live();
