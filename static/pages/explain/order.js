// The sources of a decision in the order a person reads them, and what stood in the way of each.
import { failed, failure, reason } from "../../shared/js/codes.js";

// What keeps a source from being asked although it could answer.
const OBSTACLES = new Set(["circuit_open", "probe_due", "probe_running", "told_to_wait", "busy", "quota_exhausted", "missing_key", "key_refused", "switched_off", "retired", "broken", "disabled", "list_awaited", "less_healthy"]);
const cannot = (one) => one.reason === "no_capability" || one.reason.startsWith("unsupported_");
const less = (a, b) => (a ?? Infinity) - (b ?? Infinity) || 0;

// First those that were asked, by the time of the attempt; then those that would have come first
// if nothing had stood in their way; last those that do not have what is asked.
export function inOrder({ candidates, attempts = [], strategy }) {
  const tried = new Map();
  for (const one of [...attempts].sort((a, b) => less(a.started_at, b.started_at))) if (!tried.has(one.provider)) tried.set(one.provider, one);
  const places = new Map([...tried.keys()].map((name, at) => [name, at]));
  const place = (one) => places.get(one.provider) ?? (one.verdict === "chosen" ? places.size : Infinity);
  const { priority, latency_ms: latency } = { priority: (one) => one.score?.priority, latency_ms: (one) => one.score?.latency_ms };
  const bySpeed = strategy === "fastest" ? [latency, priority] : [priority, latency];
  const ordered = [...candidates].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)) || cannot(a) - cannot(b)
    || less(bySpeed[0](a), bySpeed[0](b)) || less(bySpeed[1](a), bySpeed[1](b)) || a.provider.localeCompare(b.provider));
  const answered = ordered.find((one) => one.verdict === "chosen");
  const isBefore = (one) => !tried.has(one.provider) && !cannot(one) && OBSTACLES.has(one.reason) && (!answered || less(bySpeed[0](one), bySpeed[0](answered)) < 0);
  const first = ordered.find(isBefore);
  return ordered.map((one) => ({ ...one, attempt: tried.get(one.provider) ?? null, cannot: cannot(one), before: isBefore(one), first: one === first }));
}

// Why it was not asked, in few words; a wait says what it waits for.
export const why = (one) => (one.attempt && one.attempt.outcome !== "ok" ? failure(one.attempt)
  : one.reason === "told_to_wait" && /^[a-z_]+$/.test(one.detail ?? "") ? reason(one.detail) : reason(one.reason));

export const whatItDid = (attempt) => failed(attempt);

// What kept it from being asked, after "it is" or "it was".
const STANDING = {
  circuit_open: "offline", told_to_wait: "told to wait", busy: "busy", quota_exhausted: "out of quota", missing_key: "without a key", key_refused: "refused with the key",
  probe_due: "being tested", probe_running: "being tested", less_healthy: "degraded", broken: "broken", list_awaited: "not ready", switched_off: "switched off", disabled: "off", retired: "retired",
};
export const standing = (one) => (one.reason === "told_to_wait" && one.detail === "upstream_rate_limited" ? "rate limited" : (STANDING[one.reason] ?? why(one)));
