// The network as a panel: what to draw when, which node is pointed at, and when to pause.
import { $, each, h, setAttribute, setText } from "../../../shared/js/dom.js";
import { hideHint, showHint } from "../../../shared/js/hint.js";
import { ms, number } from "../../../shared/js/format.js";
import { root } from "../../../shared/js/api.js";
import { stateOf } from "../../../shared/js/states.js";
import * as time from "../../../shared/js/time.js";
import { Flights } from "./flights.js";
import { CLIENT, SERVER, arrange, grouped, places } from "./layout.js";
import { Painter, rateOf } from "./paint.js";

const html = document.documentElement;
const SUMMARY_MS = 30000;
const DRAWN = new Set(["request", "failover", "cache_hit", "error"]);

export class Network {
  #facts = { total: 0, most: 4, load: NaN, touched: new Set(), held: null };
  #busy = new Set();
  #signature = "";
  #frame = null;
  #wake = null;
  #before = 0;
  #visible = true;
  #paused = false;
  #summarised = -Infinity;
  #providers = [];
  #lag = 5000;
  #drawFrom = null;
  #choices = { everyone: false, disabled: false };

  constructor(stage) {
    this.stage = stage;
    this.still = h("canvas", { "aria-hidden": "true" });
    this.moving = h("canvas", { role: "img", "aria-label": "Network: clients, this server, its sources", id: "packets", data: { packetsDrawn: 0, requestsDrawn: 0, frames: 0 } });
    this.over = h("div", { class: "over" });
    this.hub = h("div", { class: "hub" }, h("strong"), h("span", { text: "req / min" }));
    this.caller = h("div", { class: "caller", text: "clients" });
    this.over.append(this.hub, this.caller);
    this.heads = this.over.appendChild(h("div"));
    this.links = this.over.appendChild(h("ul", { "aria-label": "Sources" }));
    stage.append(this.still, this.moving, this.over);
    this.painter = new Painter(this.still, this.moving);
    this.flights = new Flights((t) => performance.now() + (t - time.now()) + this.#lag);
    new ResizeObserver(() => this.#layout()).observe(stage);
    new IntersectionObserver((seen) => {
      this.#visible = seen.at(-1).isIntersecting;
      this.#run();
    }).observe(stage);
    html.addEventListener("looks", () => {
      this.painter.dress();
      if (this.#stopped()) this.#rest();
      this.#background(true);
      this.#run();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#rest();
      else this.#drawFrom = time.now();
    });
  }

  choose(choices) {
    Object.assign(this.#choices, choices);
    this.#layout();
  }

  pause(paused) {
    this.#paused = paused;
    if (paused) this.#rest();
    else this.#drawFrom = time.now();
    this.#background(true);
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
    for (const event of drawn) for (const hop of event.hops ?? []) if (hop.to !== SERVER && hop.to !== CLIENT) this.#busy.add(hop.to);
    setText(this.hub.firstChild, number(this.#facts.total));
    this.#layout();
    this.#facts.touched = this.#stopped() ? this.#touched(drawn) : new Set();
    this.#background();
    this.#summary();
    if (!this.#stopped() && !document.hidden) {
      this.flights.add(drawn.filter((event) => event.t >= this.#drawFrom), performance.now());
      this.#run();
    }
  }

  #stopped() {
    return this.#paused || html.dataset.motion === "off";
  }

  #touched(events) {
    const touched = new Set();
    for (const event of events) {
      touched.add(CLIENT);
      for (const hop of event.hops ?? []) touched.add(this.places?.get(hop.to));
    }
    return touched;
  }

  #layout() {
    const width = this.stage.clientWidth;
    if (!width || !this.#providers.length) return;
    const wall = html.dataset.view === "wall";
    const groups = grouped(this.#providers, { ...this.#choices, busy: this.#busy });
    const signature = JSON.stringify([width, wall && innerHeight, groups.map((group) => [group.kind, group.nodes.map((one) => one.name), group.folded.map((one) => one.name)])]);
    this.layout = arrange(groups, width, wall ? Math.max(440, innerHeight * 0.55) : 440);
    this.places = places(this.layout);
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.stage.style.height = `${this.layout.height}px`;
      this.painter.size(width, this.layout.height);
      this.#background(true);
    }
    this.#label();
  }

  #label() {
    const { nodes, heads } = this.layout;
    const put = (element, x, y) => {
      element.style.left = `${x}px`;
      element.style.top = `${y}px`;
    };
    const server = nodes.get(SERVER);
    const client = nodes.get(CLIENT);
    put(this.hub, server.x, server.y);
    put(this.caller, client.x, client.y + 30);
    each(this.heads, heads, (head) => head.kind, (head) => h("div", { class: "kind", text: head.kind }), (element, head) => put(element, head.x - 6, head.y));
    const listed = [...nodes.values()].filter((node) => node.provider || node.folded);
    each(this.links, listed, (node) => node.id, (node) => this.#link(node), (item, node) => {
      const link = item.firstChild;
      link.node = node;
      put(item, node.x - 13, node.y);
      item.style.maxWidth = `${node.wide + 13}px`;
      const rate = rateOf(node);
      setText(link.children[0], node.folded ? `${node.folded.length} more, healthy` : node.provider.title ?? node.provider.name);
      setText(link.children[1], rate > 0 ? `${number(rate)}/min` : "");
      setAttribute(link, "data-state", node.folded ? "healthy" : stateOf(node.provider.state).key);
      setAttribute(link, "aria-label", this.#says(node).join(", "));
    });
  }

  #link(node) {
    const where = node.folded ? `providers?kind=${encodeURIComponent(node.id.slice(5))}` : `providers?name=${encodeURIComponent(node.id)}`;
    const link = h("a", { href: new URL(where, root).href }, h("span", { class: "name" }), h("span", { class: "rate" }));
    const hold = () => this.#hold(link.node.id, link);
    link.addEventListener("pointerenter", hold);
    link.addEventListener("focus", hold);
    link.addEventListener("pointerleave", () => this.#hold(null));
    link.addEventListener("blur", () => this.#hold(null));
    return h("li", null, link);
  }

  #says(node) {
    if (node.folded) return [`${node.folded.length} healthy sources without a recent request`, node.folded.map((one) => one.name).join(", ")];
    const one = node.provider;
    const error = one.last_error?.message ?? one.last_error?.code;
    return [
      one.title ?? one.name,
      `${stateOf(one.state).word}, ${number(one.requests_per_min)} requests a minute, p95 ${ms(one.p95_ms)}`,
      ...(error ? [`last error: ${error}`] : []),
    ];
  }

  #hold(id, link) {
    this.#facts.held = id;
    if (id) showHint(link, this.#says(link.node));
    else hideHint();
    this.#background(true);
  }

  #background(force = false) {
    if (!this.layout || !this.painter.width) return;
    const signature = JSON.stringify([this.#facts.total, this.#facts.load, [...this.#facts.touched], this.#providers.map((one) => [one.state, one.requests_per_min])]);
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
    this.painter.wipe?.();
  }

  #summary() {
    const now = performance.now();
    if (now - this.#summarised < SUMMARY_MS) return;
    this.#summarised = now;
    const asked = this.#providers.filter((one) => one.requests_per_min > 0);
    const bad = this.#providers.filter((one) => ["offline", "degraded"].includes(stateOf(one.state).key));
    this.moving.setAttribute("aria-label",
      `Network: ${number(this.#facts.total)} requests a minute, ${asked.length} of ${this.#providers.length} sources asked, ${bad.length ? `${bad.map((one) => one.name).join(", ")} in trouble` : "none in trouble"}.`);
  }
}

export function legend(place) {
  const marks = [["ok", "answered"], ["failed", "failed"], ["retry", "failed, on to the next"], ["cached", "from the cache"]];
  $("#legend", place)?.append(...marks.map(([look, word]) => h("span", { class: "mark", data: { look } }, h("i", { "aria-hidden": "true" }), word)));
}
