// The words of all pages, so that one thing has one name; and the title of each source, its id in the tooltip.
// The words for codes of errors and of routing are in `codes.js`.
import { get } from "./api.js";
import { NONE, words } from "./format.js";
import { h } from "./dom.js";

// How an answer came, by `meta.cache`.
const CAME = { miss: "live", coalesced: "live", hit: "cached", stale: "cached, refreshing" };

const ADMIN = { loopback: "this machine only", token: "with the admin token", nobody: "nobody" };

export const cameAs = (cache) => CAME[cache] ?? words(cache);

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
