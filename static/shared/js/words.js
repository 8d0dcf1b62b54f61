// The words of all pages: how an answer came, and what a source is called.
// The words for codes of errors and of routing are in `codes.js`.
import { words } from "./format.js";

// How an answer came, by `meta.cache`.
const CAME = { miss: "live", coalesced: "live", hit: "cached", stale: "cached, refreshing" };

export const cameAs = (cache) => CAME[cache] ?? words(cache);

// Titles of sources, as the server tells them in any answer that has both.
export const titles = new Map();
let pattern = null;

// `providers`: anything with a `name` and a `title`.
export function learn(providers) {
  if (!Array.isArray(providers)) return;
  const before = titles.size;
  for (const one of providers) titles.set(one.name, one.title ?? one.name);
  if (titles.size === before) return;
  // The longest first, so that no id is found inside another.
  const ids = [...titles.keys()].sort((a, b) => b.length - a.length);
  pattern = new RegExp(`(?<![\\w.])(${ids.join("|")})(?![\\w.])`, "g");
}

// Titles of capabilities likewise: `order_book` is "Order books" wherever it is named.
const asked = new Map();

export function learnCapabilities(capabilities) {
  for (const one of capabilities ?? []) if (one.title) asked.set(one.name, one.title);
}

export const capabilityOf = (name) => asked.get(name) ?? words(name);

// A channel (`rss_news:coindesk`) is named after its source.
export function titleOf(name) {
  const [source, channel] = String(name ?? "").split(":");
  const title = titles.get(source) ?? source;
  if (channel === "live") return `${title} (live feeds)`;
  return channel ? `${title}, ${words(channel)}` : title;
}

// A sentence of the server with titles in place of ids.
export const titled = (text) => (pattern && text ? text.replace(pattern, (id) => titles.get(id)) : (text ?? ""));
