// What the drawer says of one source: a sentence first, then its history, health, channels and limits.
import { h, safeLink } from "../../shared/js/dom.js";
import { address } from "../../shared/js/api.js";
import { NONE, ms, number, share } from "../../shared/js/format.js";
import { kindOf } from "../../shared/js/kinds.js";
import { provider as providerLink } from "../../shared/js/links.js";
import { badge } from "../../shared/js/states.js";
import { clock, now, since, span, timeOf, until } from "../../shared/js/time.js";
import { failure, reason } from "../../shared/js/codes.js";
import { Bars } from "../../shared/components/bars.js";
import { Spark } from "../../shared/components/spark.js";
import { capabilityOf } from "../../shared/js/words.js";
import { bucketsOf, observed, sinceOf } from "./history.js";
import { answering, channelName, errorText, isBad, offBecause } from "./sources.js";

const list = (pairs) => h("dl", { class: "facts" }, pairs.filter(Boolean).flatMap(([name, ...value]) => [h("dt", { text: name }), h("dd", null, value)]));
const part = (title, ...content) => h("section", null, h("h3", { text: title }), ...content);
const times = (count) => `${number(count)} ${count === 1 ? "time" : "times"}`;

// A table that becomes cards on a phone; each row is its header and its cells.
function table(heads, rows) {
  return h("table", { class: "stack", role: "table" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map((text) => h("th", { scope: "col", role: "columnheader", text })))),
    h("tbody", { role: "rowgroup" }, rows.map(([name, ...cells]) => h("tr", { role: "row" },
      h("th", { scope: "row", role: "rowheader", ...name }), cells.map((cell, at) => h("td", { role: "cell", data: { label: heads[at + 1] } }, h("span", null, cell)))))));
}

// The sentence: how it is, since when, why, who answers in its place, and when it is tried again.
export function lead({ provider, health, history }, state, facts) {
  const at = sinceOf(history, state);
  const from = at ? [" since ", timeOf(at), " (", since(at, (ms_) => span(Math.max(0, now() - ms_))), ")"] : [];
  if (state === "DISABLED") return [`Off: ${offBecause(provider, facts.keys.get(provider.name))}.`, ...whereToGet(facts.keys.get(provider.name))];
  if (state === "UNKNOWN") return ["Nobody asked it yet, and no test is over."];
  if (state === "HEALTHY") return ["Healthy", ...from, "."];
  const error = health.last_error ?? provider.channels.find((one) => isBad(one) && one.last_error)?.last_error;
  const names = answering(provider.name, provider.capabilities, facts.monitor);
  const others = names.flatMap((name, place) => [place ? " and " : " ", providerLink(name, facts.titles.get(name) ?? name)]);
  const retry = health.hold_until ?? health.retry_at ?? nextOf(health, provider);
  return [
    state === "OFFLINE" ? "Offline" : "Degraded", ...from, error ? `: ${failure(error)}.` : ".",
    ...(others.length ? [...others, names.length > 1 ? " answer instead." : " answers instead."] : []),
    ...(retry ? [" Next try ", since(retry, until), "."] : []),
  ];
}

function nextOf(health, provider) {
  const found = [...health.capabilities, ...provider.channels].map((one) => one.retry_at ?? one.hold_until).filter(Number.isFinite);
  return found.length ? Math.min(...found) : null;
}

function whereToGet(variables) {
  const lacking = (variables ?? []).filter((one) => one.required && !one.present && one.signup_url);
  return lacking.flatMap((one) => [" Get one at ", safeLink(one.signup_url, null, hostOf(one.signup_url)), "."]);
}

function hostOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return String(url);
  }
}

export function sections(told, facts) {
  const { provider, health, history, decisions } = told;
  return [
    past(history),
    part("Health", healthOf(health, history)),
    provider.channels.length ? channels(provider.channels) : null,
    latency(decisions, provider.name),
    capabilities(health.capabilities),
    part("Quota and limits", limits(provider, health)),
    keys(facts.keys.get(provider.name)),
    asked(decisions),
    about(provider),
  ].filter(Boolean);
}

function past(history) {
  const { buckets, step } = bucketsOf(history);
  const bars = new Bars();
  const seen = observed(history);
  const text = seen ? `Observed ${span(seen)}: ${share(history.uptime)} available, ${number(history.incidents.length)} ${history.incidents.length === 1 ? "incident" : "incidents"}` : "Not observed yet";
  bars.set({ buckets, from: history.from_at, step, summary: `Last 24 hours. ${text}`, href: address("incidents", { source: history.name }).href });
  return part("Last 24 hours", bars.element, h("p", { class: "note", text }));
}

function healthOf(health, history) {
  const error = health.last_error;
  const seen = observed(history);
  const checked = Math.max(health.last_success_at ?? -Infinity, health.last_failure_at ?? -Infinity);
  return list([
    ["Last 50 calls", share(health.success_rate)],
    ["Since start", `${number(health.successes)} answered, ${number(health.failures)} failed`],
    [`Observed ${seen ? span(seen) : ""}`.trim(), share(history.uptime)],
    ["Latency", `p50 ${ms(health.p50_ms)}, p95 ${ms(health.p95_ms)}`],
    ["Checked", Number.isFinite(checked) ? since(checked) : NONE],
    ["Last error", ...(error ? [`${errorText(error)}, `, since(health.last_failure_at)] : [NONE])],
    health.retry_at ? ["Next try", since(health.retry_at, until)] : null,
    health.hold_until ? ["Waits", `${failure({ code: health.hold_reason })}, until `, timeOf(health.hold_until, clock), " (", since(health.hold_until, until), ")"] : null,
    health.disabled_reason ? ["Off because", reason(health.disabled_reason)] : null,
  ]);
}

function channels(found) {
  return part("Channels", table(["Channel", "State", "Last error"], found.map((one) => [
    { text: channelName(one.name), title: one.name }, badge(one.state), one.last_error ? errorText(one.last_error) : NONE,
  ])));
}

function latency(decisions, name) {
  const hops = decisions.flatMap((event) => event.hops.filter((hop) => hop.to === name).map((hop) => hop.t_end - hop.t_start)).reverse();
  if (hops.length < 2) return null;
  const spark = new Spark("Latency");
  const text = `Latency of the newest ${hops.length} calls, up to ${ms(Math.max(...hops))}`;
  spark.set([{ values: hops, least: 1 }], text);
  return part("Latency of its newest calls", spark.element, h("p", { class: "note", text }));
}

function capabilities(found) {
  return part("Capabilities", table(["Capability", "State", "Failures in a row", "Next try"], found.map((one) => {
    const next = one.retry_at ?? one.hold_until;
    return [{ text: capabilityOf(one.name) }, badge(one.state), number(one.consecutive_failures), next ? since(next, until) : NONE];
  })));
}

function limits({ limits: known, quota }, health) {
  const left = (windows, named) => windows.map((one) => [`${named} ${span(one.per_s * 1000)}`, `${number(Math.max(0, one.left))} of ${number(one.of)} left`]);
  const windows = (known?.windows ?? []).map((one) => ({ left: one.requests - one.used, of: one.requests, per_s: one.per_s }));
  const paid = (quota ?? []).map((one) => ({ left: one.remaining, of: one.limit, per_s: one.window_s }));
  return list([
    ...left(paid, "Quota left in"),
    ...left(windows, "Requests in"),
    ["At a time", `${number(known?.in_flight)} of ${number(known?.concurrent)} in use`],
    health.hold_until ? ["Resets", since(health.hold_until, until)] : windows.length + paid.length ? ["Resets", "little by little, as its calls grow older than the span"] : null,
  ]);
}

function keys(variables) {
  if (!variables?.length) return null;
  return part("Keys", list(variables.map((one) => [one.name, one.present ? "set" : one.required ? "missing, needed" : "missing, optional",
    ...(one.present || !one.signup_url ? [] : [", get one at ", safeLink(one.signup_url, null, hostOf(one.signup_url))])])));
}

function asked(decisions) {
  return h("section", { class: "decisions" }, h("h3", { text: "Last decisions" }), decisions.length
    ? decisions.map((event) => h("a", { href: address("explain", { request: event.request_id }), title: "How this request was decided" }, h("span", { class: "muted", text: clock(event.t) }), event.message))
    : h("p", { class: "note", text: "No requests lately." }));
}

function about(provider) {
  const remarks = provider.remarks?.answers ? `${times(provider.remarks.answers)} part of an answer could not be read` : null;
  return part("About", list([
    ["Plugin", `${provider.name}, of ${provider.origin} ${provider.version ?? ""}`.trim()],
    ["Kind", kindOf(provider.category)],
    ["Grade", provider.grade ?? NONE],
    ["Priority", number(provider.priority)],
    provider.intervals?.length ? ["Intervals", provider.intervals.join(" ")] : null,
    provider.chains?.length ? ["Chains", provider.chains.join(", ")] : null,
    remarks ? ["Remarks", remarks] : null,
    provider.notes ? ["Notes", provider.notes] : null,
    provider.homepage ? ["Site", safeLink(provider.homepage, null, provider.homepage)] : null,
    provider.docs_url ? ["Documentation", safeLink(provider.docs_url, null, provider.docs_url)] : null,
    provider.terms_url ? ["Terms", safeLink(provider.terms_url, null, provider.terms_url)] : null,
  ]));
}
