// Asking again and again: never two at a time, slower while it fails, not at all while hidden.

const BACKOFF_MS = [5000, 10000, 20000, 30000];

export class Poller {
  // `task(signal)` does one round; `onBad(error, failures)` is called after a failed round.
  constructor(task, { interval = 5000, onBad = () => {} } = {}) {
    this.task = task;
    this.interval = interval;
    this.onBad = onBad;
    this.failures = 0;
    this.timer = null;
    this.busy = false;
    this.again = false;
    this.stopped = true;
    this.seen = () => this.#visibility();
  }

  start() {
    this.stopped = false;
    document.addEventListener("visibilitychange", this.seen);
    this.now();
    return this;
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
  }

  // Asks at once, or right after the answer that is under way.
  now() {
    if (this.stopped || document.hidden) return;
    if (this.busy) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    this.#round();
  }

  async #round() {
    this.busy = true;
    this.again = false;
    try {
      await this.task();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.onBad(error, this.failures);
    }
    this.busy = false;
    if (this.stopped || document.hidden) return;
    if (this.again) {
      this.#round();
      return;
    }
    this.timer = setTimeout(() => this.#round(), this.#wait());
  }

  #wait() {
    if (this.failures === 0) return this.interval;
    const step = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length) - 1];
    return step * (0.85 + Math.random() * 0.3);
  }

  #visibility() {
    clearTimeout(this.timer);
    if (!document.hidden) this.now();
  }
}
