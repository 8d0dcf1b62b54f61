// Who was asked, by whom, and how often it failed: counted from the events of the last minute.
import { SERVER } from "./network/layout.js";
import { ours } from "./network/flights.js";

const MINUTE_MS = 60000;
const RECENT_MS = 15 * MINUTE_MS;

export class Traffic {
  #calls = [];
  #last = new Map();
  #counts = new Map();
  #failures = new Map();

  // `at` is the server's time now; `failed` of a hop is any end but an answer or a race that was lost.
  add(events, at) {
    for (const event of events) {
      if (ours(event)) continue;
      for (const hop of event.hops) {
        if (hop.from !== SERVER) continue;
        const failed = hop.outcome === "failed" || hop.outcome === "failover";
        this.#calls.push({ name: hop.to, at: hop.t_start, failed });
        if (failed && event.request_id) this.#failures.set(hop.to, event.request_id);
        this.#last.set(hop.to, Math.max(hop.t_start, this.#last.get(hop.to) ?? 0));
      }
    }
    this.#calls = this.#calls.filter((call) => at - call.at < MINUTE_MS);
    this.#counts.clear();
    for (const { name, failed } of this.#calls) {
      const count = this.#counts.get(name) ?? { asked: 0, failed: 0 };
      count.asked += 1;
      if (failed) count.failed += 1;
      this.#counts.set(name, count);
    }
    for (const [name, last] of this.#last) if (at - last > RECENT_MS) this.#last.delete(name);
  }

  // Calls in the last minute on behalf of a caller.
  asked(name) {
    return this.#counts.get(name)?.asked ?? 0;
  }

  // Whether a caller's request went there in the last quarter of an hour.
  recent(name) {
    return this.#last.has(name);
  }

  // The last request that failed there, or undefined.
  failure(name) {
    return this.#failures.get(name);
  }

  get names() {
    return new Set(this.#last.keys());
  }
}
