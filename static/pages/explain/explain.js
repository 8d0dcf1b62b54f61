// Why a source was chosen: a dry run for a question, or what was decided for a request that was made.
import { $, each, h, setText } from "../../shared/js/dom.js";
import { get, root } from "../../shared/js/api.js";
import { outcome } from "../../shared/js/outcomes.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import { clock, now, since, stamp, sync } from "../../shared/js/time.js";
import { candidates } from "./candidates.js";
import { asked, fillQuestions, followChain, setForm, showFields } from "./form.js";
import { learn, question, titleOf } from "./names.js";
import { inOrder } from "./order.js";
import { ofDry, ofMany, ofPast } from "./sentence.js";
import { timeline } from "./timeline.js";

const RECENT = 10;
const EVERY_MS = 10000;

const panel = new Panel($("#answer"), { staleAfter: Infinity });
let turn = 0;
// Titles are there before the first sentence, as it names sources.
let known;
const named = new Promise((resolve) => {
  known = resolve;
});

// Nothing of a former answer stays under a new question.
function clear() {
  for (const id of ["timeline", "tags", "parts", "candidates"]) $(`#${id}`).replaceChildren();
  for (const id of ["more", "parts", "also"]) $(`#${id}`).hidden = true;
  $("#verdict").textContent = "\u00a0";
}

async function run(params, title, show) {
  const mine = ++turn;
  panel.card.setAttribute("aria-busy", "true");
  try {
    const [{ found, decision, problem }] = await Promise.all([get("api/pages/decision", params), named]);
    if (mine !== turn) return;
    clear();
    if (!found) throw problem;
    show(decision);
    panel.ready();
  } catch (problem) {
    if (mine !== turn) return;
    clear();
    setText($("#answer-title"), title);
    panel.error(problem.code === "not_found" && params.request
      ? { title: "No decision is kept for this request", detail: "Decisions are kept for the newest requests, and not over a restart." } : problem);
  }
  shell.titled(`${$("#answer-title").textContent} · Decisions · coinmux`);
}

function tags(parts) {
  $("#tags").replaceChildren(...parts.filter((one) => one?.[0]).map(([text, tone, title]) => h("span", { class: "tag", title: title ?? null, data: { tone: tone ?? null } }, text)));
}

const asWords = (query) => Object.values(query ?? {}).map(String).join(" ");

function showDry(found) {
  setText($("#answer-title"), `${question(found.capability)} now`);
  tags([["dry run", null, "No source is called"], [asWords(found.query)], [found.pinned ? `only ${titleOf(found.pinned)}` : `strategy ${found.strategy}`], [since(now())]]);
  const ordered = inOrder(found);
  $("#verdict").replaceChildren(...ofDry(found, ordered));
  candidates(ordered, { past: false, cached: Boolean(found.cache?.used) });
}

function showPast(found) {
  const parts = found.decisions;
  if (!parts) return showOne(found);
  const at = Math.min(parts.length, Math.max(1, Number(shell.params().get("part")) || 1));
  showOne(parts[at - 1]);
  setText($("#answer-title"), `A request of ${parts.length} questions`);
  $("#also").hidden = $("#parts").hidden = false;
  $("#also").replaceChildren(...ofMany(parts), ` Shown is the ${at === 1 ? "first" : `number ${at}`}.`);
  $("#parts").replaceChildren(...parts.map((one, place) => h("li", null, h("a", {
    href: here({ request: found.request_id, part: place + 1 }), "aria-current": place + 1 === at ? "true" : null, data: { outcome: one.provider ? "ok" : "failed" },
  }, `${question(one.capability)} ${asWords(one.query)}`, h("span", { class: "muted", text: one.provider ? titleOf(one.provider) : "not answered" })))));
}

function showOne(found) {
  setText($("#answer-title"), `${question(found.capability)} at ${clock(found.at)}`);
  tags([[asWords(found.query)], [found.pinned ? `only ${titleOf(found.pinned)}` : `strategy ${found.strategy}`], [found.request_id, null, `request id; ${stamp(found.at)}`], [outcome(found.outcome), found.outcome === "answered" ? "ok" : "bad"]]);
  const ordered = inOrder(found);
  $("#verdict").replaceChildren(...ofPast(found, ordered));
  candidates(ordered, { past: true, cached: false });
  $("#timeline").replaceChildren(...timeline(found.attempts ?? [], found.elapsed_ms));
}

const here = (params) => Object.assign(new URL("explain", root), { search: new URLSearchParams(params) }).href;
// Everything of the former question leaves the address.
const only = (values) => ({ ...Object.fromEntries([...shell.params().keys()].map((name) => [name, null])), ...values });

function dry() {
  if (!$("#dry").reportValidity()) return;
  const values = asked();
  const now = shell.params();
  const same = !now.has("request") && [...now].length === Object.keys(values).length && Object.entries(values).every(([name, value]) => now.get(name) === value);
  if (!same) shell.push(only(values));
  $("#request").value = "";
  run(values, `${question(values.capability)} now`, showDry);
}

function past(id) {
  if (shell.params().get("request") !== id) shell.push(only({ request: id }));
  $("#request").value = id;
  run({ request: id }, `Request ${id.slice(0, 40)}`, showPast);
}

// What the address asks: at the start, and after Back and Forward.
function fromAddress() {
  const params = shell.params();
  setForm(params);
  if (params.get("request")) past(params.get("request"));
  else run(asked(), `${question(asked().capability)} now`, showDry);
}

const recent = new Poller(async () => {
  const { events, providers, server_time: time } = await get("api/monitor");
  sync(time);
  learn(providers);
  known();
  const found = events.items.filter((event) => event.request_id && event.operation && !event.own).reverse();
  const order = [...found.filter((event) => event.kind !== "cache_hit"), ...found.filter((event) => event.kind === "cache_hit")].slice(0, RECENT);
  each($("#recent"), order, (event) => event.request_id,
    (event) => h("a", { href: here({ request: event.request_id }), data: { kind: event.kind } }, `${clock(event.t)} ${question(event.operation)}`, h("span", { class: "muted", text: summary(event) })));
  $("#none").hidden = order.length > 0;
  setText($("#none"), "No requests yet. Ask the API for something, and its decision can be read here.");
  shell.updated(undefined, EVERY_MS);
}, { interval: EVERY_MS, onBad: () => {
  known();
  setText($("#none"), "The newest requests could not be read.");
} });

const summary = (event) => ({ failover: `failover to ${titleOf(event.provider)}`, error: "not answered", cache_hit: `cached ${titleOf(event.provider ?? "")}` })[event.kind] ?? titleOf(event.provider ?? "");

$("#dry").addEventListener("submit", (event) => {
  event.preventDefault();
  dry();
});
$("#past").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = $("#request").value.trim();
  if (id) past(id);
});
$("#recent").addEventListener("click", follow);
$("#parts").addEventListener("click", follow);
// Links to this very page do not load it again.
function follow(event) {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const params = new URL(link.href).searchParams;
  shell.push(only(Object.fromEntries(params)));
  past(params.get("request"));
  $("#answer").scrollIntoView({ block: "nearest" });
}
$("#capability").addEventListener("change", () => {
  showFields(new URLSearchParams());
  dry();
});
$("#strategy").addEventListener("change", dry);
$("#fields").addEventListener("change", () => {
  followChain();
  dry();
});
$("#fields").addEventListener("input", () => {
  turn += 1;
  clear();
  setText($("#verdict"), "Press Explain for the answer to this question.");
});
document.addEventListener("address", fromAddress);
recent.start();
get("api/capabilities").then(({ capabilities }) => {
  fillQuestions(capabilities);
  fromAddress();
}, (problem) => panel.error(problem));
