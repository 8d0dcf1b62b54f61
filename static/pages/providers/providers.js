// The explorer of sources: filters in the address, a table, and a drawer for one of them.
import { $, h, query, remember, setText } from "../../shared/js/dom.js";
import { get } from "../../shared/js/api.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import "../../shared/js/following.js";
import { NONE, ms, number, share, words } from "../../shared/js/format.js";
import { ORDER, badge, setBadge, severity, stateOf } from "../../shared/js/states.js";
import { span } from "../../shared/js/time.js";
import { Table } from "../../shared/js/table.js";
import { fillDrawer } from "./drawer.js";

const EVERY_MS = 10000;
const form = $("#filters");
const drawer = $("#drawer");
const panel = new Panel($('[data-panel="explorer"]'), { staleAfter: 3 * EVERY_MS, retry: () => poller.now() });
let known = [];
let keys = new Map();

// How little is left of the tightest window, as {left, of, per_s}.
function tightest(one) {
  const windows = one.limits?.windows ?? [];
  const left = windows.map((window) => ({ left: Math.max(0, window.requests - window.used), of: window.requests, per_s: window.per_s }));
  return left.sort((a, b) => a.left / a.of - b.left / b.of)[0] ?? null;
}

const table = new Table($("#explorer"), [
  { key: "name", title: "Source", sort: (one) => one.name,
    cell: (one) => h("span", { class: "who" }, h("button", { class: "open", type: "button", onclick: () => open(one.name) }), h("small")),
    set: (cell, one) => { setText(cell.children[0], one.title ?? one.name); setText(cell.children[1], one.category); } },
  { key: "state", title: "State", sort: (one) => severity(one.state), cell: () => badge(null), set: (cell, one) => setBadge(cell, one.state, one.reason ? words(one.reason) : null) },
  { key: "can", title: "Answers", sort: (one) => one.capabilities.length, first: "desc",
    cell: (one) => h("div", { class: "can" }, one.capabilities.map((name) => h("span", { class: "tag", text: words(name) }))), set: () => {} },
  { key: "left", title: "Left of its limit", sort: (one) => { const window = tightest(one); return window ? window.left / window.of : null; },
    cell: () => h("div", { class: "left" }, h("span"), h("div", { class: "meter" }, h("i"))),
    set: (cell, one) => {
      const window = tightest(one);
      setText(cell.children[0], window ? `${number(window.left)} of ${number(window.of)} in ${span(window.per_s * 1000)}` : NONE);
      const part = window ? window.left / window.of : 0;
      cell.children[1].hidden = !window;
      cell.children[1].firstChild.style.width = `${100 * part}%`;
      cell.children[1].toggleAttribute("data-low", part < 0.2);
    } },
  { key: "success", title: "Success", num: true, sort: (one) => one.health?.success_rate, set: (cell, one) => setText(cell, share(one.health?.success_rate)) },
  { key: "p95", title: "p95", num: true, sort: (one) => one.health?.p95_ms, set: (cell, one) => setText(cell, ms(one.health?.p95_ms)) },
  { key: "key", title: "Key", sort: (one) => keyOf(one), set: (cell, one) => setText(cell, { needed: "needed", optional: "optional", none: "not needed" }[keyOf(one)]) },
  { key: "grade", title: "Grade", sort: (one) => one.grade, set: (cell, one) => setText(cell, one.grade ?? NONE) },
  { key: "priority", title: "Priority", num: true, sort: (one) => one.priority, set: (cell, one) => setText(cell, number(one.priority)) },
], {
  keyOf: (one) => one.name,
  sorted: query.get("sort") ?? "state",
  direction: query.get("dir") === "desc" ? "desc" : "asc",
  onSort: (sort, direction) => remember({ sort, dir: direction === "desc" ? "desc" : null }),
});

function keyOf(one) {
  const variables = keys.get(one.name) ?? [];
  if (!variables.length) return "none";
  return variables.some((variable) => variable.required) ? "needed" : "optional";
}

function wanted() {
  const value = Object.fromEntries(new FormData(form));
  const words = value.q.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return known.filter((one) => {
    const text = `${one.name} ${one.title} ${one.category} ${one.capabilities.join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word))
      && (!value.kind || one.category === value.kind)
      && (!value.state || stateOf(one.state).key === value.state)
      && (!value.capability || one.capabilities.includes(value.capability))
      && (!value.key || keyOf(one) === value.key);
  });
}

function show() {
  const found = wanted();
  table.show(found);
  setText($("#count"), `${found.length} of ${known.length} sources`);
  if (found.length) panel.ready();
  else panel.empty("No source fits these filters. Clear one of them.");
}

function choices(name, values) {
  const select = form.elements[name];
  if (select.options.length > 1) return;
  select.append(...values.map((value) => h("option", { value, text: words(value) })));
  select.value = query.get(name) ?? "";
}

const poller = new Poller(async () => {
  const [{ providers, broken }, { sources }, { features }] = await Promise.all([get("api/providers"), get("api/source-health/status"), get("api/config/features")]);
  const healths = new Map(sources.map((one) => [one.name, one]));
  keys = new Map(features.map((one) => [one.provider, one.variables]));
  known = providers.map((one) => ({ ...one, health: healths.get(one.name) }));
  choices("kind", [...new Set(known.map((one) => one.category))].sort());
  choices("state", ORDER);
  choices("capability", [...new Set(known.flatMap((one) => one.capabilities))].sort());
  show();
  shell.updated(undefined, EVERY_MS);
  $("#broken").hidden = !broken.length;
  $("#broken-list").replaceChildren(...broken.map((one) => h("li", null, h("strong", { text: one.origin }), " ", h("span", { class: "muted", text: one.error }))));
}, { interval: EVERY_MS, onBad: (problem) => panel.error(problem) });

async function open(name) {
  remember({ name });
  const leave = () => drawer.close();
  $("#detail").replaceChildren(h("header", null, h("h2", { id: "drawer-title", text: name }), h("div", { class: "end" }, h("button", { class: "button small", type: "button", onclick: leave }, "Close"))), h("p", { class: "note", text: "Asking…" }));
  if (!drawer.open) drawer.showModal();
  try {
    await fillDrawer($("#detail"), name, leave);
  } catch (problem) {
    $("#detail").append(h("div", { class: "failure" }, h("strong", { text: problem.title ?? problem.message }), h("span", { text: problem.detail ?? "" }), h("code", { text: problem.requestId ?? "" })));
  }
}

drawer.addEventListener("close", () => remember({ name: null }));
drawer.addEventListener("click", (event) => {
  if (event.target === drawer) drawer.close();
});
form.elements.q.value = query.get("q") ?? "";
form.elements.key.value = query.get("key") ?? "";
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  remember(Object.fromEntries(new FormData(form)));
  show();
});
setInterval(() => panel.tick(), 1000);
poller.start();
if (query.get("name")) open(query.get("name"));
