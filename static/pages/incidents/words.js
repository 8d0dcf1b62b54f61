// How an incident is said: its severity as a colour, a shape and a word, its length, what it cost.
import { h } from "../../shared/js/dom.js";
import { number } from "../../shared/js/format.js";
import { shape } from "../../shared/js/states.js";
import { now, since, span } from "../../shared/js/time.js";

// The states' shapes: what is worst looks like what is offline.
const SHAPES = { critical: "offline", major: "degraded", minor: "unknown" };
const KINDS = { source: "source", capability: "capability", service: "service", warning: "warning" };

export const mark = (severity) => shape(SHAPES[severity] ?? "unknown");

export const kindOf = (one) => KINDS[one.kind] ?? one.kind;

export const badge = (severity) =>
  h("span", { class: "state", data: { state: SHAPES[severity] ?? "unknown" } }, mark(severity), h("span", { class: "word", text: severity }));

// What lasts, the worst first: questions before the sources they lack, the newest first among equals.
const weight = (one) => 2 * Object.keys(SHAPES).indexOf(one.severity) + (one.kind === "source" ? 1 : 0);

export const openOf = (incidents) =>
  incidents.filter((one) => one.ended_at === null).sort((a, b) => weight(a) - weight(b) || b.started_at - a.started_at);

// How long it lasted, or has lasted: the latter grows while one looks.
export function length(one) {
  if (one.ended_at === null) return since(one.started_at, (at) => span(now() - at));
  return h("span", { text: span(1000 * one.duration_s) });
}

const requests = (count) => `${number(count)} ${count === 1 ? "request" : "requests"}`;

// What it cost: the requests that others answered, and those that nobody did.
export function cost(one) {
  if (one.failed_requests === null) return "requests are not counted";
  const others = one.answered_by.reduce((sum, stand) => sum + stand.requests, 0);
  const parts = [];
  if (others) parts.push(`${requests(others)} answered by others`);
  if (one.failed_requests) parts.push(`${requests(one.failed_requests)} failed`);
  return parts.length ? parts.join(", ") : "no request needed it";
}
