// The network as a panel: what to draw when, which node is pointed at, and when to pause.
import { h } from "../../../shared/js/dom.js";
import { hideHint, showHint } from "../../../shared/js/hint.js";
import { number } from "../../../shared/js/format.js";
import { shell } from "../../../shared/js/shell.js";
import { stateOf } from "../../../shared/js/states.js";
import * as time from "../../../shared/js/time.js";
import { mark } from "../marks.js";
import { Flights, ours } from "./flights.js";
import { CLIENT, SERVER, arrange, grouped, places } from "./layout.js";
import { Painter } from "./paint.js";
import { Plates } from "./plates.js";

const html = document.documentElement;
const SUMMARY_MS = 30000;
// What the server does by itself, refreshes and probes, is no event: its edges are grey, and nothing moves on them.
const DRAWN = new Set(["request", "failover", "cache_hit", "error"]);
const TALL = 400;

export class Network {
  #facts = { total: 0, most: 4, load: NaN, touched: new Set(), held: null, asked: () => 0 };
  #signature = "";
  #frame = null;
  #wake = null;
  #before = 0;
  #visible = true;
  #summarised = -Infinity;
  #providers = [];
  #lag = 5000;
  #drawFrom = null;
  #choices = { everyone: false, disabled: false };
  // Of the stage; kept, as reading it between two changes of the page would lay the whole page out each time.
  #size = null;

  // `traffic` counts calls on behalf of callers. `placed(providers)` gives a layout of its own, as the wall
  // has one, whose names are not drawn here.
  constructor(stage, traffic, { placed = null } = {}) {
    this.stage = stage;
    this.traffic = traffic;
    this.placed = placed;
    this.#facts.asked = (name) => traffic.asked(name);
    this.still = h("canvas", { "aria-hidden": "true" });
    this.moving = h("canvas", { role: "img", "aria-label": "Network: clients, this server, its sources", id: "packets", data: { packetsDrawn: 0, requestsDrawn: 0, frames: 0 } });
    stage.append(this.still, this.moving);
    this.plates = placed ? null : new Plates(stage, (node, link) => this.#hold(node, link));
    this.painter = new Painter(this.still, this.moving);
    this.flights = new Flights((t) => performance.now() + (t - time.now()) + this.#lag);
    new ResizeObserver(() => {
      this.#size = null;
      this.#layout();
    }).observe(stage);
    new IntersectionObserver((seen) => {
      this.#visible = seen.at(-1).isIntersecting;
      this.#run();
    }).observe(stage);
    html.addEventListener("looks", () => {
      this.painter.dress();
      this.#halted();
    });
    document.addEventListener("paused", () => this.#halted());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#rest();
      else this.#drawFrom = time.now();
    });
  }

  choose(choices) {
    Object.assign(this.#choices, choices);
    this.#layout();
  }

  // The snapshot and what happened since the last one.
  update(snapshot, events) {
    this.#lag = snapshot.poll_after_ms ?? 5000;
    this.#drawFrom ??= time.now() - this.#lag;
    this.#providers = snapshot.providers ?? [];
    this.#facts.load = snapshot.server?.load_percent ?? NaN;
    this.#facts.total = snapshot.server?.requests_per_min ?? 0;
    const most = Math.max(this.#facts.total, ...this.#providers.map((one) => one.requests_per_min ?? 0));
    this.#facts.most = Math.max(4, most, this.#facts.most * 0.98);
    const drawn = events.filter((event) => DRAWN.has(event.kind) && event.hops?.length);
    this.plates?.total(this.#facts.total);
    this.#layout();
    this.#facts.touched = this.#stopped() ? this.#touched(drawn) : new Set();
    this.#background();
    this.#summary();
    this.#fly(drawn);
  }

  // What the stream told between two snapshots; each event is drawn once, whoever told it first.
  happened(events, lag) {
    this.#lag = lag;
    const drawn = events.filter((event) => DRAWN.has(event.kind) && event.hops?.length);
    if (this.#stopped()) {
      for (const one of this.#touched(drawn)) this.#facts.touched.add(one);
      this.#background();
    } else if (this.#drawFrom !== null) this.#fly(drawn);
  }

  #fly(drawn) {
    if (this.#stopped() || document.hidden) return;
    this.flights.add(drawn.filter((event) => event.t >= this.#drawFrom), performance.now());
    this.#run();
  }

  #stopped() {
    return shell.paused === true || html.dataset.motion === "off";
  }

  // Paused, or let go on: what was missed meanwhile is not drawn.
  #halted() {
    if (this.#stopped()) this.#rest();
    else this.#drawFrom = time.now();
    this.#background(true);
    this.#run();
  }

  #touched(events) {
    const touched = new Set();
    for (const event of events) {
      if (!ours(event)) touched.add(CLIENT);
      for (const hop of event.hops ?? []) touched.add(this.places?.get(hop.to));
    }
    return touched;
  }

  #layout() {
    this.#size ??= { width: this.stage.clientWidth, tall: this.stage.clientHeight || TALL };
    const { width, tall } = this.#size;
    if (!width || !this.#providers.length) return;
    this.layout = this.placed
      ? this.placed(this.#providers)
      : arrange(grouped(this.#providers, { ...this.#choices, busy: this.traffic.names, height: tall, width }), width, tall);
    if (!this.layout) return;
    // A wall is read from afar: the taller it is, the larger all is drawn.
    if (this.placed) this.painter.zoom = Math.max(1, innerHeight / 1080);
    this.places = places(this.layout);
    const signature = JSON.stringify([width, this.layout.height, [...this.layout.nodes.values()].map((node) => [node.id, Math.round(node.x), Math.round(node.y), node.folded?.length])]);
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.painter.size(width, this.layout.height);
      if (this.plates) this.plates.element.style.height = `${this.layout.height}px`;
      this.#background(true);
    }
    this.plates?.show(this.layout, this.#facts.asked, width);
  }

  #hold(node, link) {
    this.#facts.held = node?.id ?? null;
    if (node) showHint(link, this.plates.says(node));
    else hideHint();
    this.#background(true);
  }

  #background(force = false) {
    if (!this.layout || !this.painter.width) return;
    const signature = JSON.stringify([this.#facts.total, this.#facts.load, [...this.#facts.touched], this.#providers.map((one) => [one.state, one.requests_per_min, one.failures_per_min])]);
    if (!force && signature === this.drawn) return;
    this.drawn = signature;
    this.painter.background(this.layout, this.#facts);
  }

  #run() {
    clearTimeout(this.#wake);
    if (this.#frame !== null || !this.#visible || this.#stopped() || document.hidden || !this.layout) return;
    const next = this.flights.next();
    if (!this.flights.active.length && !this.flights.arrivals.length) {
      if (next === null) return;
      const wait = next - performance.now();
      if (wait > 40) {
        this.#wake = setTimeout(() => this.#run(), wait);
        return;
      }
    }
    this.#before = performance.now();
    this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #tick() {
    this.#frame = null;
    const now = performance.now();
    this.flights.step(now, now - this.#before, this.#facts.held);
    this.#before = now;
    this.painter.frame(this.layout, this.flights, this.places, now);
    const data = this.moving.dataset;
    data.frames = Number(data.frames) + 1;
    if (data.packetsDrawn !== String(this.flights.packets)) data.packetsDrawn = this.flights.packets;
    if (data.requestsDrawn !== String(this.flights.requests)) data.requestsDrawn = this.flights.requests;
    if (this.flights.active.length || this.flights.arrivals.length) this.#frame = requestAnimationFrame(() => this.#tick());
    else this.#run();
  }

  #rest() {
    clearTimeout(this.#wake);
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
    this.flights.clear();
    this.painter.wipe();
  }

  #summary() {
    const now = performance.now();
    if (now - this.#summarised < SUMMARY_MS) return;
    this.#summarised = now;
    const asked = this.#providers.filter((one) => one.requests_per_min > 0);
    const bad = this.#providers.filter((one) => ["offline", "degraded"].includes(stateOf(one.state).key));
    this.moving.setAttribute("aria-label",
      `Network: ${number(this.#facts.total)} requests a minute, ${asked.length} of ${this.#providers.length} sources asked, ${bad.length ? `${bad.map((one) => one.title ?? one.name).join(", ")} in trouble` : "none in trouble"}.`);
  }
}

const MARKS = [["ok", "answered"], ["failed", "failed"], ["retry", "failed, on to the next"], ["cached", "cached"], ["refresh", "asked by this dashboard"]];

export function legend(place) {
  place.replaceChildren(...MARKS.map(([look, word]) => h("span", { class: "key" }, mark(look), word)));
}
