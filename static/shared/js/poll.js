// Asking again and again: never two at a time, slower while it fails, not at all while the page is
// hidden or paused, and at once when it is seen, goes on, or the server is there again.

const BACKOFF_MS = [5000, 10000, 20000, 30000];

const isPaused = () => document.documentElement.dataset.live === "paused";

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
    // When the next round begins, of `performance.now()`.
    this.nextAt = 0;
    this.seen = () => this.#turned();
    this.back = () => {
      if (this.failures) this.now();
    };
  }

  start() {
    this.stopped = false;
    for (const [name, heard] of this.#heard()) document.addEventListener(name, heard);
    this.now();
    return this;
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const [name, heard] of this.#heard()) document.removeEventListener(name, heard);
  }

  #heard() {
    return [["visibilitychange", this.seen], ["paused", this.seen], ["reached", this.back]];
  }

  // Asks at once, or right after the answer that is under way. A paused page asks that once.
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
    if (isPaused()) return;
    const wait = this.#wait();
    this.nextAt = performance.now() + wait;
    this.timer = setTimeout(() => this.#round(), wait);
  }

  #wait() {
    if (this.failures === 0) return this.interval;
    const step = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length) - 1];
    return step * (0.85 + Math.random() * 0.3);
  }

  #turned() {
    clearTimeout(this.timer);
    if (!isPaused()) this.now();
  }
}

// Lets the browser paint before the next part; no frame is asked for, as motion may be off.
export const breath = () => new Promise((done) => {
  setTimeout(done, 17);
});
