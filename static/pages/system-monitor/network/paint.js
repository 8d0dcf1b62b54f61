// Drawing the network: the still layer when something changed, the packets each frame.
import { stateOf } from "../../../shared/js/states.js";
import { CLIENT, SERVER, along } from "./layout.js";

const TOKENS = ["bg", "surface", "raised", "text", "muted", "line", "ok", "warn", "bad", "unknown", "disabled", "accent", "accent-2", "ink"];
const RIPPLE_MS = 620;
const TAIL = [0.05, 0.022];
export const HUB = 42;

export class Painter {
  constructor(still, moving) {
    this.still = still;
    this.moving = moving;
    this.point = { x: 0, y: 0 };
    // How much larger than at a desk everything is drawn.
    this.zoom = 1;
    this.dress();
  }

  // Reads the colours of the theme.
  dress() {
    const style = getComputedStyle(document.documentElement);
    this.colour = Object.fromEntries(TOKENS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.font = `700 11px ${getComputedStyle(document.body).fontFamily}`;
    this.light = document.documentElement.dataset.theme === "light";
    // The cache answers most of all: its packets are quiet, so that the rest can be seen.
    this.looks = { out: this.colour.accent, ok: this.colour.ok, failed: this.colour.bad, retry: this.colour.warn, cached: this.colour.muted, refresh: this.colour.unknown };
    // Drawn once for each look: one copied picture a packet in place of a dozen strokes.
    this.heads = Object.fromEntries(Object.entries(this.looks).map(([look, colour]) => [look, headOf(look, colour)]));
    this.tails = Object.fromEntries(Object.entries(this.looks).map(([look, colour]) => [look, picture(8, (g) => {
      g.fillStyle = fade(colour, 0.3);
      disc(g, 4, 4, 2.2);
    })]));
  }

  size(width, height) {
    this.width = width;
    this.height = height;
    const ratio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of [this.still, this.moving]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
  }

  background(layout, facts) {
    const g = this.still.getContext("2d");
    g.clearRect(0, 0, this.width, this.height);
    this.#grid(g);
    const server = layout.nodes.get(SERVER);
    const client = layout.nodes.get(CLIENT);
    this.#edge(g, client, server, facts.total, facts, { strong: facts.touched.has(CLIENT), asked: facts.total > 0 });
    const nodes = [...layout.nodes.values()].filter((node) => node.id !== CLIENT && node.id !== SERVER);
    for (const node of nodes) {
      const asked = node.folded ? node.folded.some((one) => facts.asked(one.name) > 0) : facts.asked(node.id) > 0;
      this.#edge(g, server, node, rateOf(node), facts, { strong: facts.touched.has(node.id) || node.id === facts.held, asked });
    }
    for (const head of layout.heads ?? []) this.#bracket(g, head, nodes);
    // Where others draw the sources, the lines to them are enough.
    if (!layout.bare) for (const node of nodes) this.#node(g, node, facts);
    this.#zoomed(g, client, (at) => this.#client(g, at));
    this.#zoomed(g, server, (at) => this.#hub(g, at, facts));
  }

  frame(layout, flights, places, now) {
    const g = this.moving.getContext("2d");
    g.clearRect(0, 0, this.width, this.height);
    this.#ripples(g, layout, flights, places, now);
    for (const flight of flights.active) {
      const leg = flight.legs[flight.at];
      const from = layout.nodes.get(places.get(leg.from));
      const to = layout.nodes.get(places.get(leg.to));
      if (from && to) this.#packet(g, from, to, leg.look, flight.t, flight.count);
    }
  }

  wipe() {
    this.moving.getContext("2d").clearRect(0, 0, this.width, this.height);
  }

  #zoomed(g, { x, y }, draw) {
    g.save();
    g.translate(x, y);
    g.scale(this.zoom, this.zoom);
    draw({ x: 0, y: 0 });
    g.restore();
  }

  #grid(g) {
    g.fillStyle = this.colour.line;
    g.globalAlpha = this.light ? 0.5 : 0.34;
    for (let x = 14; x < this.width; x += 28) for (let y = 14; y < this.height; y += 28) g.fillRect(x, y, 1, 1);
    g.globalAlpha = 1;
  }

  // What callers ask for is coloured; what the server asks of its own accord (probes, refreshes) is grey.
  #edge(g, from, to, rate, facts, { strong, asked }) {
    // Log of the rate under a moving maximum: 25 times the traffic looks like more, not like a wall.
    const part = rate > 0 ? Math.log1p(rate) / Math.log1p(Math.max(facts.most, 4)) : 0;
    const bend = (to.x - from.x) * 0.5;
    g.beginPath();
    g.moveTo(from.x, from.y);
    g.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
    const lit = strong || (rate > 0 && asked);
    g.strokeStyle = lit ? this.colour.accent : rate > 0 ? this.colour.unknown : this.colour.line;
    g.globalAlpha = strong ? 0.9 : lit ? 0.28 + 0.34 * part : this.light ? 0.85 : 0.5;
    g.lineWidth = this.zoom * (lit ? 0.9 + 4.2 * part : 0.9 + part);
    if (!lit && rate > 0) g.setLineDash([3, 4]);
    g.stroke();
    g.setLineDash([]);
    g.globalAlpha = 1;
  }

  // From the name of a kind down to its last source.
  #bracket(g, head, nodes) {
    const mine = nodes.filter((node) => node.kind === head.kind);
    g.strokeStyle = this.colour.line;
    g.lineWidth = 1.2;
    g.beginPath();
    g.moveTo(head.x - 8, head.y);
    g.lineTo(head.x - 14, head.y);
    g.lineTo(head.x - 14, Math.max(...mine.map((node) => node.y)) + 8);
    g.lineTo(head.x - 8, Math.max(...mine.map((node) => node.y)) + 8);
    g.stroke();
  }

  #node(g, node, facts) {
    const key = node.folded ? node.state : stateOf(node.provider.state).key;
    const rate = rateOf(node);
    const r = node.folded ? 5 : rate > 0 ? 4.6 + 2.2 * (Math.log1p(rate) / Math.log1p(Math.max(facts.most, 4))) : 3.8;
    g.fillStyle = this.colour.surface;
    disc(g, node.x, node.y, r + 3.6);
    this.#shape(g, key, node.x, node.y, r, node.folded);
    // Around the sign: how much of the last minute failed.
    const failed = rate > 0 ? Math.min(1, failuresOf(node) / rate) : 0;
    g.lineWidth = 2.2;
    g.strokeStyle = node.folded || rate > 0 ? this.colour.line : "transparent";
    ring(g, node.x, node.y, r + 4);
    if (failed > 0) {
      g.strokeStyle = this.colour.bad;
      g.beginPath();
      g.arc(node.x, node.y, r + 4, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.max(0.06, failed));
      g.stroke();
    }
  }

  // `idle`: healthy as far as anybody knows, but not asked lately; hollow, as green is for what was seen.
  #shape(g, key, x, y, r, idle) {
    const colour = this.colour[TONE[key]];
    g.fillStyle = g.strokeStyle = colour;
    g.lineWidth = 1.8;
    g.beginPath();
    if (key === "degraded") {
      g.moveTo(x, y - r * 1.2);
      g.lineTo(x + r * 1.15, y + r * 0.9);
      g.lineTo(x - r * 1.15, y + r * 0.9);
      g.closePath();
      g.fill();
    } else if (key === "offline") {
      g.rect(x - r, y - r, 2 * r, 2 * r);
      g.fill();
    } else if (key === "unknown") {
      g.moveTo(x, y - r);
      g.lineTo(x + r, y);
      g.lineTo(x, y + r);
      g.lineTo(x - r, y);
      g.closePath();
      g.stroke();
    } else {
      g.arc(x, y, r, 0, 7);
      if (key === "healthy" && !idle) g.fill();
      else g.stroke();
    }
    if (this.light && key !== "unknown" && key !== "disabled") {
      g.strokeStyle = this.colour.text;
      g.lineWidth = 1;
      g.stroke();
    }
    if (key === "offline") cross(g, x, y, r * 0.5, this.colour.surface, 1.7);
    if (key === "disabled") {
      g.beginPath();
      g.moveTo(x - r * 0.6, y);
      g.lineTo(x + r * 0.6, y);
      g.stroke();
    }
  }

  #client(g, { x, y }) {
    g.fillStyle = this.colour.surface;
    g.strokeStyle = this.colour.line;
    g.lineWidth = 1.4;
    g.beginPath();
    g.roundRect(x - 25, y - 25, 50, 50, 14);
    g.fill();
    g.stroke();
    g.strokeStyle = this.colour.accent;
    g.lineWidth = 2;
    g.lineJoin = "round";
    g.beginPath();
    g.roundRect(x - 12, y - 10, 24, 15, 2.5);
    g.moveTo(x - 5, y + 11);
    g.lineTo(x + 5, y + 11);
    g.stroke();
  }

  #hub(g, { x, y }, facts) {
    const halo = g.createRadialGradient(x, y, HUB * 0.6, x, y, HUB * 2.1);
    halo.addColorStop(0, fade(this.colour.accent, this.light ? 0.2 : 0.3));
    halo.addColorStop(1, fade(this.colour.accent, 0));
    g.fillStyle = halo;
    disc(g, x, y, HUB * 2.1);
    g.fillStyle = this.colour.surface;
    disc(g, x, y, HUB);
    g.lineWidth = 5;
    g.lineCap = "round";
    g.strokeStyle = this.colour.raised;
    ring(g, x, y, HUB);
    if (Number.isFinite(facts.load)) {
      const part = Math.min(1, Math.max(0.012, facts.load / 100));
      g.strokeStyle = facts.load >= 90 ? this.colour.bad : facts.load >= 70 ? this.colour.warn : this.colour.accent;
      g.beginPath();
      g.arc(x, y, HUB, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * part);
      g.stroke();
    }
    g.lineCap = "butt";
  }

  #ripples(g, layout, flights, places, now) {
    flights.arrivals = flights.arrivals.filter((one) => now - one.at < RIPPLE_MS);
    for (const { node: name, look, at } of flights.arrivals) {
      const node = layout.nodes.get(places.get(name));
      if (!node) continue;
      const t = (now - at) / RIPPLE_MS;
      const r = this.zoom * (name === SERVER ? HUB : name === CLIENT ? 26 : 7);
      g.globalAlpha = (1 - t) * 0.7;
      g.strokeStyle = this.looks[look];
      g.lineWidth = 2 * (1 - t) + 0.4;
      ring(g, node.x, node.y, r + t * 13);
    }
    g.globalAlpha = 1;
  }

  #packet(g, from, to, look, t, count) {
    const back = to.x < from.x;
    const at = (value) => (back ? along(to, from, 1 - value, this.point) : along(from, to, value, this.point));
    for (const behind of TAIL) {
      const p = at(Math.max(0, t - behind * 1.5));
      g.drawImage(this.tails[look], p.x - 4 * this.zoom, p.y - 4 * this.zoom, 8 * this.zoom, 8 * this.zoom);
    }
    const { x, y } = at(t);
    g.drawImage(this.heads[look], x - 16 * this.zoom, y - 16 * this.zoom, 32 * this.zoom, 32 * this.zoom);
    if (count > 1) {
      g.font = this.font;
      g.fillStyle = this.colour.text;
      g.fillText(`×${count}`, x + 8, y - 7);
    }
  }
}

const TONE = { healthy: "ok", degraded: "warn", offline: "bad", unknown: "unknown", disabled: "disabled" };

const sum = (node, field) => (node.folded ?? [node.provider]).reduce((total, one) => total + (one?.[field] ?? 0), 0);

export const rateOf = (node) => sum(node, "requests_per_min");

const failuresOf = (node) => sum(node, "failures_per_min");

function disc(g, x, y, r) {
  g.beginPath();
  g.arc(x, y, r, 0, 7);
  g.fill();
}

function ring(g, x, y, r) {
  g.beginPath();
  g.arc(x, y, r, 0, 7);
  g.stroke();
}

function cross(g, x, y, r, colour, width) {
  g.strokeStyle = colour;
  g.lineWidth = width;
  g.lineCap = "round";
  g.beginPath();
  g.moveTo(x - r, y - r);
  g.lineTo(x + r, y + r);
  g.moveTo(x + r, y - r);
  g.lineTo(x - r, y + r);
  g.stroke();
  g.lineCap = "butt";
}

function fade(colour, alpha) {
  const value = Number.parseInt(colour.slice(1), 16);
  return `rgb(${value >> 16} ${(value >> 8) & 255} ${value & 255} / ${alpha})`;
}

// A canvas of its own, twice as fine as it is shown.
function picture(size, draw) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * 2;
  const g = canvas.getContext("2d");
  g.scale(2, 2);
  draw(g);
  return canvas;
}

// A packet with its glow; its form says what it carries.
function headOf(look, colour) {
  return picture(32, (g) => {
    const quiet = look === "cached" || look === "refresh";
    if (!quiet) {
      const light = g.createRadialGradient(16, 16, 1, 16, 16, 15);
      light.addColorStop(0, fade(colour, 0.55));
      light.addColorStop(1, fade(colour, 0));
      g.fillStyle = light;
      disc(g, 16, 16, 15);
    }
    g.fillStyle = g.strokeStyle = colour;
    g.lineWidth = look === "cached" ? 2 : 1.5;
    if (look === "failed") cross(g, 16, 16, 4.4, colour, 2.8);
    else if (look === "retry") {
      g.beginPath();
      g.moveTo(10, 16);
      g.lineTo(20, 10.5);
      g.lineTo(20, 21.5);
      g.closePath();
      g.fill();
    } else if (quiet) ring(g, 16, 16, 3.8);
    else disc(g, 16, 16, look === "out" ? 3.2 : 4.2);
  });
}
