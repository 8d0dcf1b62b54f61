// Codes of errors and of routing in words. A code that is not here is shown as words, never hidden.
import { words } from "./format.js";

// [as a remark, as what happened to a source]
const FAILURES = {
  upstream_unreachable: ["unreachable", "could not be reached"],
  upstream_timeout: ["no answer in time", "did not answer in time"],
  upstream_disconnected: ["connection lost", "broke the connection"],
  upstream_protocol: ["broken HTTP", "answered with broken HTTP"],
  upstream_tls: ["no secure connection", "made no secure connection"],
  upstream_redirect: ["redirected", "sent a redirect"],
  upstream_empty: ["empty answer", "sent an empty answer"],
  upstream_too_large: ["answer too large", "sent too large an answer"],
  upstream_encoding: ["unreadable encoding", "sent an encoding that cannot be read"],
  upstream_challenge: ["browser check", "asked for a browser check"],
  upstream_not_json: ["not JSON", "sent no JSON"],
  upstream_malformed: ["broken JSON", "sent broken JSON"],
  upstream_schema: ["unknown form", "sent an answer of unknown form"],
  upstream_implausible: ["implausible values", "sent implausible values"],
  upstream_stale: ["old data", "sent old data"],
  upstream_blocked_address: ["address not allowed", "has an address that is not allowed"],
  upstream_rate_limited: ["rate limited", "rate limited us"],
  upstream_banned: ["banned", "banned this address"],
  upstream_quota_exhausted: ["quota used up", "has no quota left"],
  upstream_geo_blocked: ["blocked in this country", "is blocked in this country"],
  upstream_plan_restricted: ["not in this plan", "does not have this in our plan"],
  upstream_auth: ["key refused", "refused its key"],
  upstream_error: ["error", "sent an error"],
  not_offered: ["not offered", "does not offer this"],
  unknown_symbol: ["not listed", "does not list this pair"],
  provider_busy: ["busy", "was busy"],
  local_network: ["no network here", "could not be reached from this machine"],
  local_clock: ["clock of this machine is wrong", "refused the clock of this machine"],
  inputs_missing: ["nothing to make it of", "got no answer from the sources it asks"],
  cut_short: ["slower than another", "was slower than another"],
  broken_feed: ["feed broken", "sent a feed that does not hang together"],
  plugin_error: ["plugin error", "failed inside its plugin"],
  plugin_timeout: ["plugin too slow", "took too long inside its plugin"],
  window: ["no good answer lately", "has given no good answer lately"],
};

const REASONS = {
  first_choice: "first choice", asked_together: "asked together", advised: "advised by a plugin", lower_priority: "lower priority", slower: "slower", less_healthy: "less healthy", name: "equal, later in the alphabet",
  circuit_open: "offline", probe_due: "due for a test", probe_running: "being tested", told_to_wait: "rate limited", busy: "busy", quota_exhausted: "quota used up",
  missing_key: "key missing", key_refused: "key refused", switched_off: "switched off", retired: "retired", broken: "plugin broken", disabled: "off",
  no_capability: "cannot answer this", unsupported_symbol: "does not have this pair", unsupported_quote: "does not have this quote", unsupported_interval: "does not have this interval",
  unsupported_chain: "does not have this chain", unsupported_metric: "does not have this metric", unsupported_model: "does not have this model", not_pinned: "not the one asked for", asks_itself: "waits for this itself", derived: "made of the others",
  answered: "answered", cached: "cached answer served", not_reached: "not reached", list_awaited: "its list of pairs is awaited", over_share: "over its consumer's share",
};

// The HTTP status a source sent, where its error says one.
const statusOf = ({ status, message, detail }) => status ?? /^HTTP (\d{3})/.exec(message ?? detail ?? "")?.[1] ?? null;

// "HTTP 500", "rate limited": of an error or an attempt, {code, status, message}.
export function failure(error) {
  if (error.code === "upstream_status") return statusOf(error) ? `HTTP ${statusOf(error)}` : "HTTP error";
  return FAILURES[error.code]?.[0] ?? words(error.code);
}

// The same as what a source did: "failed with HTTP 500", "rate limited us".
export function failed(error) {
  if (error.code === "upstream_status") return statusOf(error) ? `failed with HTTP ${statusOf(error)}` : "failed with an HTTP error";
  return FAILURES[error.code]?.[1] ?? `failed (${words(error.code)})`;
}

// A code of routing, or the error in its place.
export const reason = (code) => REASONS[code] ?? FAILURES[code]?.[0] ?? words(code);
