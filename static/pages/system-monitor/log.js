// The activity log: newest first, two hundred rows, still while paused.
import { h, setText } from "../../shared/js/dom.js";
import { ms, words } from "../../shared/js/format.js";
import { clock, stamp } from "../../shared/js/time.js";
import { root } from "../../shared/js/api.js";

const MOST = 200;
const KINDS = { "": "Everything", request: "Requests", failover: "Failovers", cache_hit: "From the cache", error: "Errors", state_change: "State changes", config: "Configuration" };

export class Log {
  constructor(list, note, kind, pause) {
    Object.assign(this, { list, note, kind, pause });
    this.events = [];
    this.waiting = [];
    this.seen = new Set();
    this.paused = false;
    kind.append(...Object.entries(KINDS).map(([value, text]) => h("option", { value, text })));
    kind.addEventListener("change", () => this.#all());
    pause.addEventListener("click", () => {
      this.paused = !this.paused;
      pause.setAttribute("aria-pressed", String(this.paused));
      setText(pause, this.paused ? "Resume" : "Pause");
      if (!this.paused) this.#take(this.waiting.splice(0));
      this.#note();
    });
  }

  // `events` come oldest first; a `reset` clears the log.
  add(events, { reset = false } = {}) {
    if (reset) this.seen.clear();
    const fresh = events.filter((event) => !this.seen.has(event.id));
    for (const event of fresh) this.seen.add(event.id);
    if (reset) {
      this.events = [];
      this.waiting = [];
      this.list.replaceChildren();
    }
    if (this.paused) {
      this.waiting.push(...fresh);
      this.waiting.splice(0, this.waiting.length - MOST);
      this.#note();
    } else this.#take(fresh, !reset);
  }

  get size() {
    return this.events.length + this.waiting.length;
  }

  #take(fresh, marked = true) {
    this.events.push(...fresh);
    this.events.splice(0, this.events.length - MOST);
    const shown = fresh.slice(-MOST).filter((event) => this.#wanted(event));
    const top = this.list.scrollTop;
    const before = this.list.scrollHeight;
    this.list.prepend(...shown.reverse().map((event) => line(event, marked)));
    while (this.list.childElementCount > MOST) this.list.lastElementChild.remove();
    // Who reads further down keeps the place.
    if (top > 4) this.list.scrollTop = top + this.list.scrollHeight - before;
  }

  #all() {
    this.list.replaceChildren(...this.events.filter((event) => this.#wanted(event)).reverse().map((event) => line(event, false)));
  }

  #wanted(event) {
    return this.kind.value === "" || event.kind === this.kind.value;
  }

  #note() {
    setText(this.note, this.paused && this.waiting.length ? `${this.waiting.length} waiting` : "");
  }
}

// The ways a request went, with those that failed named.
function route(event) {
  const asked = (event.hops ?? []).filter((hop) => hop.from === "server");
  if (!asked.length) return event.provider ?? "";
  return asked.map((hop) => (hop.outcome === "ok" ? hop.to : `${hop.to} (${words(hop.code ?? hop.outcome)})`)).join(" → ");
}

function line(event, fresh) {
  const kind = event.kind in KINDS && event.kind ? event.kind : "unknown";
  const what = event.operation ? words(event.operation) : event.message;
  const about = event.operation && event.message?.includes(": ") ? event.message.split(": ")[0] : "";
  const detail = event.operation
    ? [route(event), event.kind === "cache_hit" ? "from the cache" : event.outcome !== "ok" ? words(event.outcome) : ""].filter(Boolean).join(" · ")
    : [words(event.kind), event.reason ? words(event.reason) : ""].filter(Boolean).join(" · ");
  const cells = [
    h("time", { datetime: new Date(event.t).toISOString(), title: stamp(event.t), text: clock(event.t) }),
    h("i", { "aria-hidden": "true" }),
    h("div", null, h("div", { class: "what" }, what, about ? h("span", { class: "muted", text: ` ${about}` }) : null), h("div", { class: "more", text: detail, title: event.message ?? "" })),
    h("span", { class: "took", text: Number.isFinite(event.latency_ms) ? ms(event.latency_ms) : "" }),
  ];
  const data = { kind };
  const named = event.request_id && event.operation;
  const box = named
    ? h("a", { class: "line", data, href: new URL(`explain?request=${encodeURIComponent(event.request_id)}`, root).href }, cells)
    : h("div", { class: "line", data }, cells);
  if (fresh) box.classList.add("fresh");
  cells[1].title = kind;
  return h("li", { data: { id: event.id } }, box);
}
