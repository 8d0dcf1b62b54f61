// One look at the server: its answer, what happened since the last, and whether anything was told before.
import { ask } from "../../shared/js/api.js";
import { announce } from "../../shared/js/announce.js";
import { live } from "../../shared/js/live.js";
import { Poller } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import { stateOf } from "../../shared/js/states.js";
import { now, sync } from "../../shared/js/time.js";
import { learn } from "../../shared/js/words.js";

const INTERVAL_MS = 5000;
// While the stream tells each event, the whole is asked for less often.
const FOLLOWED_MS = 10000;
const TIMEOUT_MS = 4000;
const GATHER_MS = 250;
const SEEN_MOST = 6000;

export class Picture {
  #cursor = null;
  #waiting = [];
  #timer = null;
  #states = new Map();
  #seen = new Set();
  #pace = INTERVAL_MS;
  good = null;
  bars = "1h";

  // `show(data, items)` gets each answer with its new events; `happened(items)` what the stream told in
  // between; `failed(problem)` why there was no answer. Each event is given once, oldest first.
  constructor({ show, happened, failed }) {
    Object.assign(this, { show, happened });
    this.poller = new Poller(() => this.#round(), { interval: INTERVAL_MS, onBad: failed });
    live.on((event) => this.#heard(event));
  }

  start() {
    this.poller.start();
  }

  now() {
    this.poller.now();
  }

  // How far behind the server what is drawn may be, ms.
  get lag() {
    return live.state === "stream" ? 2 * GATHER_MS : this.#pace;
  }

  async #round() {
    const { data } = await ask("api/monitor", { params: { since: this.#cursor, bars: this.bars }, timeout: TIMEOUT_MS });
    sync(data.server_time);
    this.good = now();
    const events = data.events ?? {};
    this.#cursor = events.cursor ?? null;
    if (Number.isFinite(data.poll_after_ms)) this.#pace = Math.max(1000, data.poll_after_ms);
    this.poller.interval = live.state === "stream" ? Math.max(FOLLOWED_MS, this.#pace) : this.#pace;
    learn(data.providers);
    this.#announce(data);
    shell.answered(data);
    shell.status(data.status, { silent: true });
    shell.updated(this.good, this.poller.interval);
    await this.show(data, (events.items ?? []).filter((event) => this.#isNew(event)));
  }

  #heard(event) {
    if (event.kind === "state_change") this.poller.now();
    if (!this.#isNew(event)) return;
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.happened(this.#waiting.splice(0));
    }, GATHER_MS);
  }

  // Numbers begin anew with a new process of the server: the time belongs to the identity.
  #isNew({ id, t }) {
    const name = `${id} ${t}`;
    if (this.#seen.has(name)) return false;
    this.#seen.add(name);
    if (this.#seen.size > SEEN_MOST) this.#seen = new Set([...this.#seen].slice(-SEEN_MOST / 2));
    return true;
  }

  // Screen readers hear of changes of state and of nothing else.
  #announce(data) {
    const told = [data.providers, data.services].filter(Array.isArray).flat();
    for (const one of [...told, { name: "overall", title: "Overall state", status: data.status }]) {
      const { word } = stateOf(one.status ?? one.state);
      const before = this.#states.get(one.name);
      this.#states.set(one.name, word);
      if (before !== undefined && before !== word) announce(`${one.title ?? one.name} is ${word}`);
    }
  }
}
