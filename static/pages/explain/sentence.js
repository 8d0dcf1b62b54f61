// One sentence that says what happened, as pieces of text and links to the sources it names.
import { h } from "../../shared/js/dom.js";
import { root } from "../../shared/js/api.js";
import { ms } from "../../shared/js/format.js";
import { since, span, until } from "../../shared/js/time.js";
import { titleOf } from "./names.js";
import { standing, whatItDid, why } from "./order.js";

const MOST = 3;

export const sourceLink = (name) => h("a", { href: new URL(`providers?name=${encodeURIComponent(name)}`, root).href, title: name, text: titleOf(name) });

function listed(names) {
  const shown = names.slice(0, MOST).map(sourceLink);
  const more = names.length - shown.length;
  const last = more > 0 ? [", and ", `${more} more`] : shown.length > 1 ? [" and ", shown.pop()] : [];
  return [...shown.flatMap((link, at) => (at ? [", ", link] : [link])), ...last];
}

// "12 are offline, 4 are without a key and 1 does not have it": why nobody can be asked.
function obstacles(ordered) {
  const counts = new Map();
  for (const one of ordered) counts.set(one.cannot ? null : standing(one), (counts.get(one.cannot ? null : standing(one)) ?? 0) + 1);
  const said = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST)
    .map(([text, count]) => `${count} ${text === null ? (count > 1 ? "do not have it" : "does not have it") : `${count > 1 ? "are" : "is"} ${text}`}`);
  return said.length > 1 ? `${said.slice(0, -1).join(", ")} and ${said.at(-1)}` : said.join("");
}

function nextTry(ordered) {
  const times = ordered.map((one) => one.retry_at).filter(Number.isFinite);
  return times.length ? [" The next try is ", since(Math.min(...times), until), "."] : [];
}

// What stood in the way of the one that would have been asked before.
function instead(ordered, past) {
  const one = ordered.find((each) => each.first);
  if (!one) return [];
  const next = Number.isFinite(one.retry_at) ? ["; its next try is ", since(one.retry_at, until)] : [];
  return [" ", sourceLink(one.provider), past ? ` would have come first, but was ${standing(one)}` : ` would come first, but is ${standing(one)}`, ...next, "."];
}

export function ofDry(found, ordered) {
  const chosen = ordered.filter((one) => one.verdict === "chosen").map((one) => one.provider);
  if (found.cache?.used) return [`The cached answer of `, sourceLink(found.cache.provider), `, ${span(found.cache.age_s * 1000)} old, would be served; no source would be asked.`];
  if (!chosen.length) return [`Nobody can answer this now: ${obstacles(ordered)}.`, ...nextTry(ordered)];
  return [...listed(chosen), chosen.length > 1 ? " would be asked together." : " would be asked first.", ...instead(ordered, false)];
}

// Failed attempts as "Binance was asked first and failed with HTTP 500, then Kraken rate limited us".
function failures(lost, attempts) {
  return lost.slice(0, MOST).flatMap((one, at) => [
    at ? (at === Math.min(lost.length, MOST) - 1 ? ", and then " : ", then ") : "", sourceLink(one.provider), at || attempts[0] !== one ? ` ${whatItDid(one)}` : ` was asked first and ${whatItDid(one)}`,
  ]).concat(lost.length > MOST ? [`, and ${lost.length - MOST} more failed`] : []);
}

export function ofPast(found, ordered) {
  const attempts = ordered.map((one) => one.attempt).filter(Boolean);
  const lost = attempts.filter((one) => one.outcome !== "ok" && one.code !== "cut_short");
  const who = found.provider ? sourceLink(found.provider) : "an earlier request";
  const took = `in ${ms(found.elapsed_ms)}`;
  if (found.cache === "hit") return ["The cached answer of ", who, ` was served ${took}; no source was asked.`];
  if (found.cache === "stale") return lost.length ? ["An older answer of ", who, " was served from the cache, because ", ...failures(lost, attempts), "."] : ["The cached answer of ", who, ` was served ${took}, while a new one is fetched.`];
  if (found.cache === "coalesced" && found.provider) return ["The same was being asked already: the answer of ", who, ` was shared ${took}.`];
  if (!found.provider) return lost.length ? ["Nobody answered: ", ...failures(lost, attempts), "."] : [`Nobody answered: no source could be asked. ${obstacles(ordered)}.`];
  if (lost.length) return [who, ` answered ${took}; `, ...failures(lost, attempts), "."];
  const before = instead(ordered, true);
  if (before.length) return [who, ` answered ${took}.`, ...before];
  return [who, ` answered ${took}, the first in order.`];
}

export function ofMany(parts) {
  const answered = parts.filter((one) => one.provider).length;
  return [`${parts.length} questions in one request: ${answered === parts.length ? "all answered" : `${answered} answered, ${parts.length - answered} not`}.`];
}
