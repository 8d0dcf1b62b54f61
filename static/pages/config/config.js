// What is set and what is missing. Whether a key is set is all the server tells, and all that is shown.
import { $, each, h, safeLink, setText } from "../../shared/js/dom.js";
import { get, root } from "../../shared/js/api.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import "../../shared/js/following.js";
import { NONE, number, words } from "../../shared/js/format.js";
import { badge, setBadge } from "../../shared/js/states.js";
import { Table } from "../../shared/js/table.js";

const EVERY_MS = 15000;
const REASONS = {
  missing_key: "its key is missing", key_refused: "the source refused its key", switched_off: "switched off by configuration", retired: "the service is retired", broken: "its plugin did not load",
};

const panels = Object.fromEntries(["missing", "features", "settings"].map((name) => [name, new Panel($(`[data-panel="${name}"]`), { staleAfter: 3 * EVERY_MS, retry: () => poller.now() })]));
let features = [];
let settings = [];

function tile(label) {
  const parts = { big: h("div", { class: "big", text: NONE }), sub: h("div", { class: "sub" }) };
  $("#strip").append(h("div", { class: "card tile" }, h("div", { class: "label", text: label }), parts.big, parts.sub));
  return parts;
}

const tiles = { on: tile("Features on"), off: tile("Off"), needed: tile("Keys missing that are needed"), better: tile("Keys that would raise limits"), changes: tile("Who may change things") };

const missing = new Table($("#missing"), [
  { key: "variable", title: "Variable", sort: (one) => one.variable, cell: (one) => h("code", { text: one.variable }), set: () => {} },
  { key: "state", title: "State", sort: (one) => (one.required ? 0 : 1), cell: (one) => h("span", { class: "tag", data: { tone: one.required ? "warn" : null }, text: one.required ? "missing, needed" : "missing, optional" }), set: () => {} },
  { key: "feature", title: "Feature", sort: (one) => one.feature, cell: (one) => h("a", { href: new URL(`providers?name=${encodeURIComponent(one.feature)}`, root).href, text: one.feature }), set: () => {} },
  { key: "effect", title: "Without it", class: "wrap", sort: (one) => (one.required ? 0 : 1), set: (cell, one) => setText(cell, one.required ? `${one.feature} stays off` : `${one.feature} works, within lower limits`) },
  { key: "description", title: "What it does", class: "wrap", set: (cell, one) => setText(cell, one.description ?? NONE) },
  { key: "where", title: "Where to get one", cell: (one) => (one.signup_url ? safeLink(one.signup_url, null, hostOf(one.signup_url)) : h("span", { text: NONE })), set: () => {} },
], { keyOf: (one) => `${one.feature} ${one.variable}`, sorted: "state" });

const table = new Table($("#features"), [
  { key: "name", title: "Feature", sort: (one) => one.name, cell: (one) => h("a", { href: new URL(`providers?name=${encodeURIComponent(one.provider)}`, root).href, text: one.title ?? one.name }), set: () => {} },
  { key: "kind", title: "Kind", sort: (one) => one.category, set: (cell, one) => setText(cell, one.category) },
  { key: "state", title: "State", sort: (one) => (one.enabled ? 1 : 0), cell: () => badge(null), set: (cell, one) => {
    setBadge(cell, one.enabled ? "HEALTHY" : "DISABLED");
    setText(cell.querySelector(".word"), one.enabled ? "on" : "off");
  } },
  { key: "why", title: "Why", set: (cell, one) => setText(cell, one.reason ? (REASONS[one.reason] ?? words(one.reason)) : NONE) },
  { key: "variables", title: "Variables", sort: (one) => one.variables.length, first: "desc", cell: () => h("div", { class: "vars" }), set: (cell, one) => {
    if (!one.variables.length) {
      setText(cell, "none");
      return;
    }
    each(cell, one.variables, (variable) => variable.name,
      (variable) => h("div", { title: variable.description ?? "" }, h("code", { text: variable.name }), h("span", { class: "tag" }), variable.signup_url ? safeLink(variable.signup_url, { class: "note" }, "get one") : null),
      (line, variable) => {
        setText(line.children[1], variable.present ? "set" : "missing");
        line.children[1].dataset.tone = variable.present ? "ok" : variable.required ? "warn" : "";
      });
  } },
], { keyOf: (one) => one.name, sorted: "state" });

const ORIGINS = { default: "default", file: "file", environment: "environment" };

const own = new Table($("#settings"), [
  { key: "variable", title: "Variable", sort: (one) => one.variable, cell: (one) => h("code", { text: one.variable }), set: () => {} },
  { key: "value", title: "In force", class: "wrap", set: (cell, one) => setText(cell, shown(one)) },
  { key: "origin", title: "From", sort: (one) => (one.origin === "default" ? 1 : 0), cell: () => h("span", { class: "tag" }), set: (cell, one) => {
    setText(cell, ORIGINS[one.origin] ?? words(one.origin));
    cell.dataset.tone = one.origin === "default" ? "" : "ok";
  } },
  { key: "restart", title: "A change takes", sort: (one) => (one.restart ? 1 : 0), set: (cell, one) => setText(cell, one.restart ? "a restart" : "a reload") },
  { key: "description", title: "What it does", class: "wrap", set: (cell, one) => setText(cell, one.description ?? NONE) },
], { keyOf: (one) => one.variable, sorted: "origin" });

function shown(one) {
  if (one.secret) return one.present ? "set" : "missing";
  if (one.value === null) return NONE;
  if (one.value === true || one.value === false) return one.value ? "on" : "off";
  if (Array.isArray(one.value)) return one.value.length ? one.value.join(", ") : NONE;
  return String(one.value);
}

function listSettings() {
  const wanted = $("#find-setting").value.trim().toLowerCase();
  const found = settings.filter((one) => `${one.variable} ${one.description}`.toLowerCase().includes(wanted));
  own.show(found);
  if (found.length) panels.settings.ready();
  else panels.settings.empty("No setting has that in its name.");
}

function hostOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return String(url);
  }
}

function list() {
  const wanted = $("#find").value.trim().toLowerCase();
  const found = features.filter((one) => `${one.name} ${one.title} ${one.category} ${one.variables.map((variable) => variable.name).join(" ")}`.toLowerCase().includes(wanted));
  table.show(found);
  if (found.length) panels.features.ready();
  else panels.features.empty("No feature has that in its name.");
}

const poller = new Poller(async () => {
  const [{ missing: lacking }, found, status, told] = await Promise.all([get("api/config/missing"), get("api/config/features"), get("api/status"), get("api/config/settings")]);
  features = found.features;
  settings = told.settings;
  listSettings();
  missing.show(lacking);
  if (lacking.length) panels.missing.ready();
  else panels.missing.empty("Every key is set.");
  list();
  setText($("#env"), [...new Set(lacking.map((one) => `${one.variable}=`))].join("\n"));
  const needed = lacking.filter((one) => one.required);
  tiles.on.big.replaceChildren(number(found.summary.enabled), h("small", { text: ` of ${number(found.summary.total)}` }));
  setText(tiles.off.big, number(found.summary.disabled));
  setText(tiles.off.sub, features.filter((one) => !one.enabled).slice(0, 3).map((one) => one.name).join(", "));
  setText(tiles.needed.big, number(needed.length));
  setText(tiles.needed.sub, needed.length ? "these sources stay off" : "nothing waits for a key");
  setText(tiles.better.big, number(lacking.length - needed.length));
  setText(tiles.better.sub, "optional");
  setText(tiles.changes.big, words(status.admin?.allowed ?? NONE));
  setText(tiles.changes.sub, status.admin?.detail ?? "");
  shell.updated(undefined, EVERY_MS);
}, { interval: EVERY_MS, onBad: (problem) => {
  for (const panel of Object.values(panels)) panel.error(problem);
} });

$("#find").addEventListener("input", list);
$("#find-setting").addEventListener("input", listSettings);
$("#copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(`${$("#env").textContent}\n`);
    setText($("#copied"), "copied");
  } catch {
    // No clipboard on plain http: the lines are opened to be copied by hand.
    $(".lines").open = true;
    getSelection().selectAllChildren($("#env"));
    setText($("#copied"), "selected below");
  }
});
setInterval(() => {
  for (const panel of Object.values(panels)) panel.tick();
}, 1000);
poller.start();
