// Why a source was chosen: a dry run for a question, or what was decided for a request that was made.
import { $, h, query, remember, setText } from "../../shared/js/dom.js";
import { get, root } from "../../shared/js/api.js";
import { Panel } from "../../shared/js/panel.js";
import "../../shared/js/following.js";
import { NONE, ms, number, words } from "../../shared/js/format.js";
import { badge } from "../../shared/js/states.js";
import { clock, span, stamp, until } from "../../shared/js/time.js";

const VERDICTS = { chosen: ["chosen", "ok"], tried_failed: ["tried, failed", "bad"], skipped: ["passed over", null] };
// The server's reason codes in plain words; one it did not have yet is shown as it is.
const REASONS = {
  first_choice: "first choice", asked_together: "asked together", lower_priority: "lower priority", slower: "slower", less_healthy: "less healthy", name: "later in the alphabet",
  circuit_open: "offline after failures", probe_due: "due for a probe", probe_running: "being probed", told_to_wait: "asked us to wait", busy: "busy", quota_exhausted: "quota used up",
  missing_key: "key missing", key_refused: "key refused", switched_off: "switched off", retired: "retired", broken: "plugin broken", disabled: "off",
  no_capability: "cannot answer this", unsupported_symbol: "does not have this pair", unsupported_quote: "does not have this quote", unsupported_interval: "does not have this interval",
  unsupported_chain: "does not have this chain", unsupported_metric: "does not have this metric", unsupported_model: "does not have this model", not_pinned: "another was pinned", answered: "answered", cached: "a cached answer was served", not_reached: "not reached",
};
const STARTING = { symbol: "BTC/USDT", chain: "ethereum", asset: "BTC", metric: "active_addresses", interval: "1h" };
const HIDDEN = new Set(["start", "end", "cursor", "limit", "page", "per_page", "depth", "min_usd", "texts", "model", "sentiment"]);
const RECENT = 8;

const panel = new Panel($("#answer"), { staleAfter: Infinity });
const capabilities = new Map();
let turn = 0;

async function run(path, params, show) {
  const mine = ++turn;
  $("#answer").hidden = false;
  panel.card.setAttribute("aria-busy", "true");
  try {
    const found = await get(path, params);
    if (mine !== turn) return;
    show(found);
    panel.ready();
  } catch (problem) {
    if (mine !== turn) return;
    $("#candidates").replaceChildren();
    $("#timeline").replaceChildren();
    $("#tags").replaceChildren();
    setText($("#verdict"), "");
    panel.error(problem.status === 404 && path.includes("decisions")
      ? { title: "No decision is kept for this request", detail: "Decisions are kept for the newest requests, and not over a restart.", requestId: problem.requestId } : problem);
  }
}

function tags(parts) {
  $("#tags").replaceChildren(...parts.filter(Boolean).map(([text, tone]) => h("span", { class: "tag", data: { tone: tone ?? null }, text })));
}

function showDry(found) {
  setText($("#answer-title"), `A ${words(found.capability)} now`);
  tags([["dry run"], [found.strategy ? `strategy ${found.strategy}` : null], found.pinned ? [`pinned to ${found.pinned}`] : null].filter((one) => one?.[0]));
  const chosen = found.candidates.filter((one) => one.verdict === "chosen").map((one) => one.provider);
  const retries = found.candidates.map((one) => one.retry_at).filter(Number.isFinite);
  if (found.cache?.used) setText($("#verdict"), `A cached answer of ${found.cache.provider}, ${span(found.cache.age_s * 1000)} old, would be served; no source would be asked. Without it: ${chosen.join(", ") || "nobody"}.`);
  else if (chosen.length) setText($("#verdict"), `${chosen.join(", ")} would be asked first.${found.cache ? " A cached answer is there too." : ""}`);
  else setText($("#verdict"), `Nobody can answer this now.${retries.length ? ` The earliest retry is ${until(Math.min(...retries))}.` : ""}`);
  $("#timeline").replaceChildren();
  candidates(found.candidates);
}

function showPast(found) {
  setText($("#answer-title"), `A ${words(found.capability)} at ${clock(found.at)}`);
  tags([[found.request_id], [Object.values(found.query ?? {}).map(String).join(" ")], [found.pinned ? `pinned to ${found.pinned}` : `strategy ${found.strategy}`], [words(found.outcome), found.outcome === "answered" ? "ok" : "bad"]].filter((one) => one[0]));
  $("#tags").title = stamp(found.at);
  const attempts = found.attempts ?? [];
  const lost = attempts.filter((one) => one.outcome !== "ok" && one.outcome !== "cancelled");
  const first = found.candidates?.[0]?.provider;
  const took = `in ${ms(found.elapsed_ms)}`;
  if (found.cache === "hit") setText($("#verdict"), `A cached answer of ${found.provider ?? "an earlier request"} was served ${took}; no source was asked.`);
  else if (found.cache === "stale") setText($("#verdict"), `A cached answer past its time was served ${took}.`);
  else if (!found.provider) {
    const retries = (found.candidates ?? []).map((one) => one.retry_at).filter(Number.isFinite);
    setText($("#verdict"), `Nobody answered: ${lost.length ? `${lost.map((one) => one.provider).join(", ")} failed` : "no source could be asked"}.${retries.length ? ` The earliest retry is ${until(Math.min(...retries))}.` : ""}`);
  } else if (lost.length) setText($("#verdict"), `Failover: ${found.provider} answered ${took}, after ${lost.map((one) => one.provider).join(", ")} failed.`);
  else if (found.provider !== first) setText($("#verdict"), `${found.provider} answered ${took}. It was not first in order, but nothing had failed: see why the others were passed over.`);
  else setText($("#verdict"), `${found.provider} answered ${took}, the first in order.`);
  timeline(attempts, found);
  candidates(found.candidates ?? []);
}

// Attempts on one axis, from when the first began.
function timeline(attempts, { elapsed_ms: elapsed }) {
  if (!attempts.length) {
    $("#timeline").replaceChildren();
    return;
  }
  const begins = attempts.map((one) => one.started_at);
  const zero = begins.every(Number.isFinite) ? Math.min(...begins) : null;
  let sum = 0;
  const placed = attempts.map((one) => {
    const from = zero === null ? sum : one.started_at - zero;
    sum += one.elapsed_ms ?? 0;
    return { ...one, from, to: from + (one.elapsed_ms ?? 0) };
  });
  const end = Math.max(elapsed ?? 0, ...placed.map((one) => one.to), 0.1);
  $("#timeline").replaceChildren(h("div", { class: "line", role: "group", "aria-label": "Attempts over time" },
    placed.map((one) => {
      const outcome = one.outcome === "ok" ? "ok" : one.outcome === "failed" ? "failed" : "other";
      const piece = h("span", { class: "piece" });
      piece.style.left = `${(100 * one.from) / end}%`;
      piece.style.width = `${(100 * (one.to - one.from)) / end}%`;
      const said = h("span", { class: "said", text: `${outcome === "ok" ? "answered" : words(one.code ?? one.outcome)}, ${ms(one.elapsed_ms)}` });
      if (one.to / end < 0.6) said.style.left = `${(100 * one.to) / end}%`;
      else if (one.from / end > 0.4) said.style.right = `${100 - (100 * one.from) / end}%`;
      else {
        said.classList.add("inside");
        said.style.right = `${100 - (100 * one.to) / end}%`;
      }
      return h("div", { class: "lane", data: { outcome } }, h("span", { class: "name", text: one.provider }), h("span", { class: "rail" }, piece, said));
    }),
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", { text: "0 ms" }), h("span", { text: ms(end) }))));
}

function candidates(found) {
  const head = ["#", "Source", "Verdict", "Why", "State", "Priority", "Latency", "Next retry"];
  const numeric = new Set([5, 6]);
  $("#candidates").replaceChildren(h("caption", { class: "away", text: "Sources in the order they were considered" }),
    h("thead", null, h("tr", null, head.map((title, at) => h("th", { scope: "col", class: numeric.has(at) ? "num" : null, text: title })))),
    h("tbody", null, found.map((one) => {
      const [text, tone] = VERDICTS[one.verdict] ?? [words(one.verdict), null];
      const score = one.score ?? {};
      return h("tr", { data: { verdict: one.verdict } },
        h("td", { text: number(one.rank) }),
        h("th", { scope: "row" }, h("a", { href: new URL(`providers?name=${encodeURIComponent(one.provider)}`, root).href, text: one.provider })),
        h("td", null, h("span", { class: "tag", data: { tone }, text })),
        h("td", { class: "wrap" }, h("strong", { text: REASONS[one.reason] ?? words(one.reason), title: one.reason }), h("div", { class: "note", text: one.detail ?? "" })),
        h("td", null, badge(score.state)),
        h("td", { class: "num", text: number(score.priority) }),
        h("td", { class: "num", text: ms(score.latency_ms) }),
        h("td", { text: until(one.retry_at) }));
    })));
}

function fields() {
  const { query: schema } = capabilities.get($("#capability").value) ?? { query: {} };
  const required = new Set(schema.required ?? []);
  $("#fields").replaceChildren(...Object.entries(schema.properties ?? {}).filter(([name]) => required.has(name) || !HIDDEN.has(name)).map(([name, property]) => {
    const value = query.get(name) ?? property.default ?? (required.has(name) ? (STARTING[name] ?? "") : "");
    const attributes = { class: "field", name, required: required.has(name) };
    return h("label", { class: "labelled", title: property.description ?? "" }, words(name),
      property.enum ? h("select", attributes, property.enum.map((one) => h("option", { value: one, text: one, selected: one === value }))) : h("input", { ...attributes, value, autocomplete: "off", spellcheck: "false" }));
  }));
}

function dry() {
  const values = Object.fromEntries([...new FormData($("#dry"))].filter(([, value]) => value !== ""));
  const wiped = Object.fromEntries([...query.keys()].map((name) => [name, null]));
  remember({ ...wiped, ...values, request: null });
  run("api/routing/explain", values, showDry);
}

function past(id) {
  remember({ ...Object.fromEntries([...new URLSearchParams(location.search).keys()].map((name) => [name, null])), request: id });
  $("#request").value = id;
  run(`api/routing/decisions/${encodeURIComponent(id)}`, null, showPast);
}

async function recent() {
  try {
    const { events } = await get("api/monitor");
    const found = events.items.filter((event) => event.request_id && event.operation).reverse();
    const order = [...found.filter((event) => event.kind !== "cache_hit"), ...found.filter((event) => event.kind === "cache_hit")].slice(0, RECENT);
    $("#recent").replaceChildren(...order.map((event) => h("a", { href: new URL(`explain?request=${encodeURIComponent(event.request_id)}`, root).href, title: event.message },
      `${clock(event.t)} ${words(event.operation)}`, h("span", { class: "muted", text: `${words(event.kind)} ${event.provider ?? ""}` }))));
    if (!order.length) $("#recent").replaceChildren(h("p", { class: "note", text: "No requests yet. Ask the API for something, and its decision can be read here." }));
  } catch {
    $("#recent").replaceChildren(h("p", { class: "note", text: "The newest requests could not be read." }));
  }
}

$("#dry").addEventListener("submit", (event) => {
  event.preventDefault();
  dry();
});
$("#past").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = $("#request").value.trim();
  if (id) past(id);
});
$("#capability").addEventListener("change", fields);
recent();
get("api/capabilities").then(({ capabilities: list }) => {
  for (const one of list) capabilities.set(one.name, one);
  $("#capability").append(...list.filter((one) => !one.query.properties?.texts).map((one) => h("option", { value: one.name, text: words(one.name), title: one.description })));
  if (capabilities.has(query.get("capability"))) $("#capability").value = query.get("capability");
  if (query.get("strategy")) $("#strategy").value = query.get("strategy");
  fields();
  if (!query.get("request")) dry();
}, (problem) => {
  $("#answer").hidden = false;
  panel.error(problem);
});
if (query.get("request")) past(query.get("request"));
