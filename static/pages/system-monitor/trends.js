// Three small pictures of the same span: requests a minute, latency, load; one cursor for all three.
import { h, s, setAttribute, setText } from "../../shared/js/dom.js";
import { NONE, ms, number, percent } from "../../shared/js/format.js";
import { clock, stamp } from "../../shared/js/time.js";

const TALL = 100;
const DAY_MS = 86400000;
const PARTS = ["live", "cached", "stale", "failed"];

const rate = (value) => (value >= 10 || value === 0 ? number(value) : number(value, 1));
const load = (value) => percent(value, value < 10 ? 1 : 0);
const CHARTS = [
  { key: "rate", title: "Requests/min", least: 10, show: rate, series: PARTS, stacked: true },
  { key: "latency", title: "Latency", least: 10, show: ms, series: ["p95_ms", "p50_ms"] },
  { key: "load", title: "Load", least: 10, show: load, series: ["load_percent"], filled: true },
];
const NAMES = { p50_ms: "p50", p95_ms: "p95", load_percent: "of one CPU core" };

export class Trends {
  constructor(place) {
    this.place = place;
    this.at = null;
    this.charts = CHARTS.map((chart) => this.#chart(chart));
    place.append(...this.charts.map((one) => one.element));
  }

  // `trend` holds a list for each series, null where nothing was measured; `server` the figures of now.
  show(server) {
    this.server = server;
    this.trend = server.trend ?? {};
    this.count = Math.max(0, ...CHARTS.flatMap((chart) => chart.series.map((name) => this.trend[name]?.length ?? 0)));
    for (const one of this.charts) this.#draw(one);
    this.#mark();
  }

  #chart(chart) {
    const one = { ...chart, drawn: "", top: h("span", { class: "top-tick" }), from: h("span"), to: h("span", { text: "now" }), value: h("div", { class: "value" }), parts: h("span", { class: "parts" }) };
    one.svg = s("svg", { preserveAspectRatio: "none", viewBox: `0 0 300 ${TALL}`, "aria-hidden": "true" });
    one.line = h("i", { class: "cross", hidden: true });
    one.field = h("div", { class: "field-of", role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-label": chart.title }, one.svg, one.line);
    one.element = h("figure", { class: "trend", data: { chart: chart.key } },
      h("figcaption", null, h("h3", { text: chart.title }), one.value, one.parts),
      h("div", { class: "plot-of" }, h("div", { class: "ticks", "aria-hidden": "true" }, one.top, h("span", { text: "0" })), one.field),
      h("div", { class: "times", "aria-hidden": "true" }, one.from, one.to));
    one.field.addEventListener("pointermove", (event) => {
      const box = one.field.getBoundingClientRect();
      this.#go(Math.floor(((event.clientX - box.left) / box.width) * this.count));
    });
    one.field.addEventListener("pointerleave", () => this.#go(null));
    one.field.addEventListener("blur", () => this.#go(null));
    one.field.addEventListener("keydown", (event) => {
      const last = this.count - 1;
      const at = this.at ?? last;
      const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.#go(to);
    });
    return one;
  }

  #go(to) {
    this.at = to === null || !this.count ? null : Math.min(this.count - 1, Math.max(0, to));
    this.#mark();
  }

  #draw(one) {
    const lists = one.series.map((name) => this.trend[name] ?? []);
    const pattern = JSON.stringify(lists);
    setText(one.from, this.#time(0));
    if (pattern === one.drawn) return;
    one.drawn = pattern;
    const heights = Array.from({ length: this.count }, (_, at) => {
      const known = lists.map((list) => list[at]).filter((value) => Number.isFinite(value));
      return one.stacked ? known.reduce((sum, value) => sum + value, 0) : Math.max(0, ...known);
    });
    const top = nice(Math.max(one.least, ...heights));
    setText(one.top, one.show(top));
    one.svg.replaceChildren(s("path", { class: "half", d: `M0 ${TALL / 2}H300` }), ...(one.stacked ? stack(one.series, lists, this.count, top) : lines(one, lists, this.count, top)));
  }

  // What the headings say: the values at the cursor, or those of now.
  #mark() {
    const { at, server, count } = this;
    for (const one of this.charts) {
      one.line.hidden = at === null;
      if (at !== null) one.line.style.left = `${((at + 0.5) / count) * 100}%`;
      const values = one.series.map((name) => (at === null ? null : this.trend[name]?.[at]));
      const [big, parts] = at === null ? now(one.key, server) : then(one, values);
      setText(one.value, big);
      setText(one.parts, parts);
      const last = Math.max(0, count - 1);
      setAttribute(one.field, "aria-valuemax", last);
      setAttribute(one.field, "aria-valuenow", at ?? last);
      setAttribute(one.field, "aria-valuetext", `${at === null ? "now" : this.#time(at)}: ${big} ${parts}`.trim());
      setText(one.to, at === null ? "now" : this.#time(at));
      one.element.toggleAttribute("data-pointed", at !== null);
    }
    if (this.charts[2]) setAttribute(this.charts[2].value, "title", server?.load_basis ?? null);
  }

  #time(at) {
    const { bucket_s: step, to_at: to } = this.trend;
    const from = to - (this.count - at) * step * 1000;
    if (!Number.isFinite(from)) return "";
    return step * this.count * 1000 > DAY_MS ? stamp(from).slice(5, 16) : clock(from, { seconds: false });
  }
}

function now(key, server) {
  if (key === "rate") return [number(server?.requests_per_min), Number.isFinite(server?.error_rate) ? `${percent(server.error_rate * 100)} failed, last 60 s` : "last 60 s"];
  if (key === "latency") return [ms(server?.p95_ms), `p95, p50 ${ms(server?.p50_ms)}, last 60 s`];
  return [load(server?.load_percent), `of one CPU core${Number.isFinite(server?.rss_mb) ? `, ${number(server.rss_mb)} MB` : ""}`];
}

function then(one, values) {
  const known = values.filter((value) => Number.isFinite(value));
  if (!known.length) return [NONE, "nothing measured"];
  if (one.stacked) return [one.show(known.reduce((sum, value) => sum + value, 0)), one.series.map((name, order) => `${one.show(values[order])} ${name}`).join(", ")];
  const [first, second] = one.series;
  return [one.show(values[0]), second ? `${NAMES[first]}, ${NAMES[second]} ${one.show(values[1])}` : NAMES[first]];
}

// Columns on top of each other; a bucket nobody measured stays empty.
function stack(names, lists, count, top) {
  const wide = 300 / count;
  const base = new Array(count).fill(0);
  return names.map((name, order) => {
    let d = "";
    for (let at = 0; at < count; at++) {
      const value = lists[order][at];
      if (!(value > 0)) continue;
      const tall = (value / top) * TALL;
      d += `M${(at * wide + wide * 0.08).toFixed(1)} ${(TALL - base[at]).toFixed(1)}v-${tall.toFixed(1)}h${(wide * 0.84).toFixed(1)}v${tall.toFixed(1)}z`;
      base[at] += tall;
    }
    return s("path", { class: `part-${name}`, d });
  });
}

function lines(one, lists, count, top) {
  const x = (at) => (((at + 0.5) / count) * 300).toFixed(1);
  const y = (value) => (TALL - (value / top) * TALL).toFixed(1);
  return lists.flatMap((list, order) => {
    const name = one.series[order].replace(/_.*/, "");
    const found = runs(list);
    const path = found.filter((run) => run.length > 1).map((run) => `M${run.map(({ value, at }) => `${x(at)} ${y(value)}`).join("L")}`).join("");
    // A single measure is no line: a dot that can be seen.
    const dots = found.filter((run) => run.length === 1).map(([{ value, at }]) => `M${x(at)} ${y(value)}h.01`).join("");
    const area = found.map((run) => `M${x(run[0].at)} ${TALL}L${run.map(({ value, at }) => `${x(at)} ${y(value)}`).join("L")}L${x(run.at(-1).at)} ${TALL}Z`).join("");
    return [...(one.filled ? [s("path", { class: `area-${name}`, d: area })] : []), s("path", { class: `line-${name}`, d: path }), s("path", { class: `line-${name} dot`, d: dots })];
  });
}

function runs(values) {
  const found = [];
  let open = null;
  values.forEach((value, at) => {
    if (!Number.isFinite(value)) open = null;
    else if (open) open.push({ value, at });
    else found.push((open = [{ value, at }]));
  });
  return found;
}

// The next of 1, 2 or 5 times a power of ten.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}
