// Providers with their history, endpoints, and the traffic that the network shows.
import { h, setAttribute, setText } from "../../shared/js/dom.js";
import { NONE, ms, number, share } from "../../shared/js/format.js";
import { badge, setBadge, severity, stateOf } from "../../shared/js/states.js";
import { ago, until } from "../../shared/js/time.js";
import { root } from "../../shared/js/api.js";
import { Table } from "../../shared/js/table.js";
import { Bars } from "../../shared/components/bars.js";

const page = (name) => new URL(`providers?name=${encodeURIComponent(name)}`, root).href;
const numeric = (key, title, read, show) => ({ key, title, num: true, first: "desc", sort: read, set: (cell, one) => setText(cell, show(read(one))) });
const state = (read = (one) => one.state) => ({
  key: "state", title: "State", sort: (one) => severity(read(one)), cell: () => badge(null),
  set: (cell, one) => setBadge(cell, read(one), one.disabled_reason ?? null),
});

function describe(one, bars) {
  const up = Number.isFinite(one.uptime) ? `${share(one.uptime)} available` : "nothing known";
  return `${one.title ?? one.name}, ${bars.window}: ${up}, ${number(one.incidents)} ${one.incidents === 1 ? "incident" : "incidents"}`;
}

export function providerTable(table, drill) {
  const bars = { window: "1h", bucket_s: 60, to_at: NaN, words: [] };
  const drawn = new Map();
  const columns = [
    { key: "name", title: "Provider", sort: (one) => one.name,
      cell: (one) => h("span", { class: "who" }, h("a", { href: page(one.name) }), h("small")),
      set: (cell, one) => { setText(cell.children[0], one.title ?? one.name); setText(cell.children[1], one.kind ?? NONE); } },
    state(),
    { key: "history", title: "History", sort: (one) => one.uptime, class: "hist",
      cell: (one) => {
        const made = new Bars();
        drawn.set(one.name, made);
        return made.element;
      },
      set: (_, one) => {
        const buckets = (one.history ?? []).map((value) => (value === null ? null : (bars.words[value] ?? "unknown")));
        drawn.get(one.name).set({ buckets, from: bars.to_at - buckets.length * bars.bucket_s * 1000, step: bars.bucket_s * 1000, summary: describe(one, bars) });
      } },
    numeric("uptime", "Up", (one) => one.uptime, (value) => share(value)),
    numeric("rate", "Req/min", (one) => one.requests_per_min, (value) => number(value)),
    numeric("p95", "p95", (one) => one.p95_ms, ms),
    { key: "success", title: "Last success", sort: (one) => one.last_success_at, first: "desc", set: (cell, one) => setText(cell, ago(one.last_success_at)) },
    { key: "error", title: "Last error", class: "err",
      set: (cell, one) => {
        const error = one.last_error;
        setText(cell, error ? (error.message ?? error.code) : NONE);
        setAttribute(cell, "title", error ? `${error.code ?? ""} ${error.message ?? ""}, ${ago(one.last_failure_at)}`.trim() : null);
      } },
    { key: "retry", title: "Next retry", sort: (one) => one.retry_at ?? one.hold_until, set: (cell, one) => setText(cell, until(one.retry_at ?? one.hold_until)) },
  ];
  if (drill) columns.push(drill);
  const made = new Table(table, columns, { keyOf: (one) => one.name, sorted: "state" });
  return {
    show(providers, facts) {
      Object.assign(bars, facts);
      made.show(providers);
    },
  };
}

// Endpoints that were asked; the others behind a button, as they have nothing to say.
export function endpointTable(table, button) {
  const made = new Table(table, [
    { key: "route", title: "Endpoint", sort: (one) => one.route, set: (cell, one) => setText(cell, one.route) },
    { key: "method", title: "Method", sort: (one) => one.method, set: (cell, one) => setText(cell, one.method) },
    state(),
    numeric("rate", "Req/min", (one) => one.requests_per_min, (value) => number(value)),
    numeric("p50", "p50", (one) => one.p50_ms, ms),
    numeric("p95", "p95", (one) => one.p95_ms, ms),
    numeric("errors", "Error rate", (one) => one.error_rate, (value) => share(value)),
    { key: "last", title: "Last asked", sort: (one) => one.last_at, first: "desc", set: (cell, one) => setText(cell, ago(one.last_at)) },
  ], { keyOf: (one) => `${one.method} ${one.route}`, sorted: "route" });
  let all = false;
  let known = [];
  const show = () => {
    const asked = known.filter((one) => stateOf(one.state).key !== "unknown" || one.last_at);
    made.show(all ? known : asked);
    const rest = known.length - asked.length;
    button.hidden = rest === 0;
    setText(button, all ? "Only those with recent requests" : `Show ${rest} without requests`);
    setAttribute(button, "aria-pressed", String(all));
    return asked.length || all ? null : "Nobody asked anything in the last 15 minutes.";
  };
  button.addEventListener("click", () => {
    all = !all;
    show();
  });
  return {
    show(endpoints) {
      known = endpoints;
      return show();
    },
  };
}

export function trafficTable(table) {
  const made = new Table(table, [
    { key: "name", title: "Provider", sort: (one) => one.name, set: (cell, one) => setText(cell, one.title ?? one.name) },
    state(),
    numeric("rate", "Requests", (one) => one.requests_per_min, (value) => number(value)),
    numeric("failures", "Failures", (one) => one.failures_per_min, (value) => number(value)),
    numeric("p95", "p95", (one) => one.p95_ms, ms),
  ], { keyOf: (one) => one.name, sorted: "rate", direction: "desc" });
  return {
    show(providers) {
      made.show(providers.filter((one) => one.requests_per_min > 0 || stateOf(one.state).key === "offline"));
    },
  };
}
