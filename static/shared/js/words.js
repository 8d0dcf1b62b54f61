// The words of all pages, so that one thing has one name; and the title of each source, its id in the tooltip.
import { get } from "./api.js";
import { NONE, words } from "./format.js";
import { h } from "./dom.js";

// How an answer came, by `meta.cache`.
const CAME = { miss: "live", coalesced: "live", hit: "cached", stale: "cached, refreshing" };

// What went wrong, by its code. `status` is the HTTP status where there was one.
const WENT_WRONG = {
  upstream_unreachable: "not reachable",
  upstream_timeout: "no answer in time",
  upstream_disconnected: "broke off",
  upstream_protocol: "broke the protocol",
  upstream_tls: "certificate refused",
  upstream_redirect: "led elsewhere",
  upstream_empty: "empty answer",
  upstream_too_large: "answer too large",
  upstream_encoding: "unreadable answer",
  upstream_challenge: "asked for a human",
  upstream_not_json: "no JSON",
  upstream_malformed: "malformed answer",
  upstream_schema: "answer of another form",
  upstream_implausible: "implausible answer",
  upstream_stale: "outdated answer",
  upstream_rate_limited: "rate limited",
  upstream_banned: "banned for a while",
  upstream_quota_exhausted: "quota used up",
  upstream_geo_blocked: "blocked in this country",
  upstream_plan_restricted: "not in the plan of the key",
  upstream_auth: "key refused",
  provider_busy: "busy",
  local_network: "this machine's network is down",
  local_clock: "this machine's clock is wrong",
  cut_short: "not needed",
  all_providers_failed: "every source failed",
  no_provider_available: "no source is left",
  deadline_exceeded: "not in time",
  unknown_symbol: "unknown pair",
  not_offered: "not offered",
  feature_disabled: "switched off",
};

const ADMIN = { loopback: "this machine only", token: "with the admin token", nobody: "nobody" };

export const cameAs = (cache) => CAME[cache] ?? words(cache);

export const wentWrong = (code, status) => {
  if (code === "upstream_status" || code === "upstream_error") return Number.isFinite(status) ? `HTTP ${status}` : "HTTP error";
  return WENT_WRONG[code] ?? words(code).replace(/^upstream /, "");
};

// Of a service: what is switched off was not configured, which is no trouble.
export const serviceState = (status) => (String(status).toUpperCase() === "DISABLED" ? "not configured" : words(status).toLowerCase());

export const adminAccess = (allowed) => ADMIN[allowed] ?? words(allowed);

export const QUIET = "no requests in the last hour";
export const NOT_NEEDED = "not needed";
export const ALL_HEALTHY = "all healthy";

// Titles of sources: learned from any answer that has them, kept for the next page.
const KEPT = "coinmux-titles";
const titles = new Map(kept());
let asked = null;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

// `providers`: anything with a `name` and a `title`.
export function learn(providers) {
  let news = false;
  for (const { name, title } of Array.isArray(providers) ? providers : []) {
    if (typeof title !== "string" || titles.get(name) === title) continue;
    titles.set(name, title);
    news = true;
  }
  if (!news) return;
  try {
    localStorage.setItem(KEPT, JSON.stringify([...titles]));
  } catch {
    // Storage is blocked: the next page asks again.
  }
  for (const element of document.querySelectorAll("[data-source]")) name(element, element.dataset.source);
}

export const titleOf = (id) => titles.get(id) ?? id ?? NONE;

// A `<span>` with the title of a source; `nameSource` gives an element another source.
export const sourceName = (id) => nameSource(h("span"), id);

export function nameSource(element, id) {
  name(element, id);
  if (id && !titles.has(id)) asked ??= get("api/monitor").then((answer) => learn(answer.providers), () => {});
  return element;
}

function name(element, id) {
  element.dataset.source = id ?? "";
  const title = titleOf(id);
  if (element.textContent !== title) element.textContent = title;
  element.title = title === id || !id ? "" : id;
}
