// Everything about one source: what it can, its limits, how it was, how it is.
import { h, safeLink, setText } from "../../shared/js/dom.js";
import { ask, get, root } from "../../shared/js/api.js";
import { NONE, ms, number, share, words } from "../../shared/js/format.js";
import { badge } from "../../shared/js/states.js";
import { ago, clock, now, span, stamp, until } from "../../shared/js/time.js";
import { Bars } from "../../shared/components/bars.js";
import { Spark } from "../../shared/components/spark.js";

const BUCKETS = 60;
const RANK = { HEALTHY: 1, DISABLED: 0, UNKNOWN: 0, DEGRADED: 2, OFFLINE: 3 };
const TEST_EVERY_MS = 10000;

// State intervals as equal spans, each the worst of its time; null where nothing is known.
export function bucketsOf({ intervals, from_at: from, to_at: to }, count = BUCKETS) {
  const step = (to - from) / count;
  const found = Array.from({ length: count }, () => null);
  for (const one of intervals) {
    if (one.state === "UNKNOWN") continue;
    const first = Math.max(0, Math.floor((one.from_at - from) / step));
    const last = Math.min(count - 1, Math.floor(((one.to_at ?? to) - 1 - from) / step));
    for (let at = first; at <= last; at++) if (found[at] === null || RANK[one.state] > RANK[found[at]]) found[at] = one.state;
  }
  return { buckets: found, step };
}

const list = (pairs) => h("dl", { class: "facts" }, pairs.filter(Boolean).flatMap(([name, value]) => [h("dt", { text: name }), h("dd", null, value ?? NONE)]));
const part = (title, ...content) => h("section", null, h("h3", { text: title }), ...content);

export async function fillDrawer(place, name, leave) {
  const [provider, health, history, monitor] = await Promise.all([
    get(`api/providers/${encodeURIComponent(name)}`),
    get(`api/source-health/status/${encodeURIComponent(name)}`),
    get(`api/source-health/history/${encodeURIComponent(name)}`, { window_s: 86400 }),
    get("api/monitor"),
  ]);
  const { buckets, step } = bucketsOf(history);
  const bars = new Bars();
  bars.set({ buckets, from: history.from_at, step, summary: `24 h: ${share(history.uptime)} available, ${history.incidents.length} ${history.incidents.length === 1 ? "incident" : "incidents"}` });
  const mine = monitor.events.items.filter((event) => event.operation && (event.provider === name || event.hops?.some((hop) => hop.to === name))).reverse().slice(0, 20);
  const hops = mine.flatMap((event) => event.hops.filter((hop) => hop.to === name).map((hop) => hop.t_end - hop.t_start)).reverse();
  const latency = new Spark("Latency");
  latency.set([{ values: hops, least: 1 }], hops.length ? `Latency of the newest ${hops.length} calls, up to ${ms(Math.max(...hops))}` : "No calls yet");
  const error = health.last_error;
  place.replaceChildren(
    h("header", null, h("div", null, h("h2", { id: "drawer-title", text: provider.title ?? name }), h("div", { class: "row" }, badge(health.state), h("span", { class: "note", text: `${provider.category}, ${name}` }))),
      h("div", { class: "end" }, h("button", { class: "button small", type: "button", onclick: leave }, "Close"))),
    testing(place, name, leave),
    part("Last 24 hours", bars.element, h("p", { class: "note", text: bars.element.getAttribute("aria-label") })),
    part("Health", list([
      ["Calls", `${number(health.successes)} answered, ${number(health.failures)} failed`],
      ["Success rate", share(health.success_rate)],
      ["Latency", `p50 ${ms(health.p50_ms)}, p95 ${ms(health.p95_ms)}`],
      ["Last success", health.last_success_at ? `${ago(health.last_success_at)} (${stamp(health.last_success_at)})` : NONE],
      ["Last error", error ? `${words(error.code)}: ${error.message ?? ""} ${ago(health.last_failure_at)}` : NONE],
      health.retry_at ? ["Next retry", until(health.retry_at)] : null,
      health.hold_until ? ["Held", `${words(health.hold_reason)}, ${until(health.hold_until)}`] : null,
      health.disabled_reason ? ["Off because", words(health.disabled_reason)] : null,
    ])),
    hops.length > 1 ? part("Latency of its newest calls", latency.element, h("p", { class: "note", text: latency.element.getAttribute("aria-label") })) : "",
    part("Answers", h("div", { class: "scroll" }, h("table", null, h("thead", null, h("tr", null, ["Question", "State", "Failures in a row", "Next retry"].map((title) => h("th", { scope: "col", text: title })))),
      h("tbody", null, health.capabilities.map((one) => h("tr", null, h("th", { scope: "row", text: words(one.name) }), h("td", null, badge(one.state)), h("td", { text: number(one.consecutive_failures) }), h("td", { text: until(one.retry_at ?? one.hold_until) }))))))),
    part("Limits", limits(provider)),
    part("About", list([
      ["Plugin", `${provider.origin} ${provider.version ?? ""}`],
      ["Grade", provider.grade],
      ["Priority", number(provider.priority)],
      provider.intervals?.length ? ["Intervals", provider.intervals.join(" ")] : null,
      provider.chains?.length ? ["Chains", provider.chains.join(", ")] : null,
      provider.notes ? ["Notes", provider.notes] : null,
      provider.homepage ? ["Site", safeLink(provider.homepage, null, provider.homepage)] : null,
      provider.docs_url ? ["Documentation", safeLink(provider.docs_url, null, provider.docs_url)] : null,
      provider.terms_url ? ["Terms", safeLink(provider.terms_url, null, provider.terms_url)] : null,
    ])),
    h("section", { class: "decisions" }, h("h3", { text: "Newest decisions" }), mine.length
      ? mine.map((event) => h("a", { href: new URL(`explain?request=${encodeURIComponent(event.request_id)}`, root).href }, h("span", { class: "muted", text: clock(event.t) }), event.message))
      : h("p", { class: "note", text: "Nobody asked it lately." })),
  );
}

function limits({ limits: known, quota }) {
  const windows = known?.windows ?? [];
  return list([
    ["At a time", `${number(known?.in_flight)} of ${number(known?.concurrent)}`],
    ...windows.map((one) => [`In ${span(one.per_s * 1000)}`, `${number(Math.max(0, one.requests - one.used))} of ${number(one.requests)} left`]),
    ...(quota?.length ? quota.map((one) => [`Quota of ${span(one.window_s * 1000)}`, `${number(one.remaining)} of ${number(one.limit)} left`]) : [["Quota", NONE]]),
  ]);
}

function testing(place, name, leave) {
  const said = h("span", { class: "note", role: "status" });
  const button = h("button", { class: "button", type: "button" }, "Test now");
  button.addEventListener("click", async () => {
    button.disabled = true;
    setText(said, "asking…");
    const began = now();
    try {
      const { data } = await ask(`api/source-health/test/${encodeURIComponent(name)}`, { method: "POST", timeout: 30000 });
      await fillDrawer(place, name, leave);
      setText(place.querySelector(".test .note"), `${String(data.state ?? "").toLowerCase()} after ${ms(now() - began)}`);
      const again = place.querySelector(".test button");
      again.disabled = true;
      setTimeout(() => { again.disabled = false; }, TEST_EVERY_MS);
    } catch (problem) {
      setText(said, `${problem.title}. ${problem.detail}`);
      setTimeout(() => { button.disabled = false; }, (problem.retryAfter ?? 1) * 1000);
    }
  });
  return h("div", { class: "row test" }, button, said);
}
