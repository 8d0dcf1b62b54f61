// What happens, as it happens: one stream of the server for all pages of this browser.
//
// Nothing depends on it: pages keep asking the monitor, and `state` says which of the two feeds them.
import { address } from "./api.js";
import { SharedStream } from "./shared_stream.js";

const NAME = "coinmux-stream";

class Live {
  #listeners = new Set();
  #stream = new SharedStream({
    kinds: ["message", "reset", "dropped"],
    proof: ["hello"],
    told: (kind, text) => (kind === "message" ? this.#deliver(JSON.parse(text)) : this.#changed(true)),
    turned: (gap) => this.#changed(gap),
  });

  get state() {
    return this.#stream.state;
  }

  get leads() {
    return this.#stream.leads;
  }

  // `listener(event)` gets each event, in the form of `events.items`; what this gives back unsubscribes.
  on(listener) {
    this.#listeners.add(listener);
    this.#stream.follow(NAME, address("api/stream"));
    return () => {
      this.#listeners.delete(listener);
    };
  }

  // A paused page follows nothing; it asks anew when it goes on.
  pause(paused) {
    this.#stream.pause(paused);
  }

  #deliver(event) {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        console.warn(`An event could not be shown: ${error.message}`);
      }
    }
  }

  // `detail.gap` is true where events were missed and the page has to ask.
  #changed(gap) {
    document.dispatchEvent(new CustomEvent("live-state", { detail: { state: this.state, gap } }));
  }
}

export const live = new Live();
