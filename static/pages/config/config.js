// What is set and what is missing. Whether a key is set is all the server tells, and all that is shown.
import { $, each, h, safeLink, setAttribute, setText } from "../../shared/js/dom.js";
import { get, root } from "../../shared/js/api.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { Roving } from "../../shared/js/roving.js";
import { shell } from "../../shared/js/shell.js";
import { NONE, number, words } from "../../shared/js/format.js";
import { kindOf } from "../../shared/js/kinds.js";
import { badge, setBadge } from "../../shared/js/states.js";
import { Table } from "../../shared/js/table.js";
import { showConsumers, takeKey } from "./consumers.js";
import { Folds } from "./folds.js";
import { topicOf } from "./topics.js";

const EVERY_MS = 15000;
const REASONS = {
  missing_key: "its key is missing", key_refused: "the source refused its key", switched_off: "switched off by configuration", retired: "the service is retired", broken: "its plugin did not load",
};
// Who may change things, in words; a word that is not here is shown as it is.
const ADMINS = { loopback: "this machine only", token: "with ADMIN_TOKEN", nobody: "nobody" };

const panels = Object.fromEntries(["needed", "optional", "consumers", "features", "settings"].map((name) => [name, new Panel($(`[data-panel="${name}"]`), { staleAfter: 3 * EVERY_MS, retry: () => poller.now() })]));
let features = [];
let settings = [];
let titles = new Map();

const tile = (name) => ({ big: $(`#tile-${name} .big`), sub: $(`#tile-${name} .sub`) });
const tiles = { on: tile("on"), off: tile("off"), needed: tile("needed"), better: tile("better"), changes: tile("changes") };
const sourceLink = (name, title) => h("a", { href: new URL(`providers?name=${encodeURIComponent(name)}`, root).href, title: name, text: title ?? name });

// What stands between backticks is code.
function setProse(cell, text) {
  if (cell.dataset.text === text) return;
  cell.dataset.text = text;
  cell.replaceChildren(...text.split("`").map((part, at) => (at % 2 ? h("code", { text: part }) : part)));
}

// What is said of a group: how many, and how many of them stand out.
const counted = (rows, stands, word) => {
  const count = rows.filter(stands).length;
  return count ? `${number(rows.length)}, ${number(count)} ${word}` : number(rows.length);
};
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

// A group was opened or closed.
function drawn(one) {
  if (!one.rows.length) return;
  one.show(one.rows, { moves: true });
  reach();
}

// One table of variables that are not set; `without` says what their absence means for a source.
const keyTable = (place, without, folds = null) => new Table(place, [
  { key: "variable", title: "Variable", sort: (one) => one.variable, cell: (one) => h("code", { text: one.variable }), set: () => {} },
  { key: "feature", title: "Source", sort: (one) => titles.get(one.feature) ?? one.feature, cell: (one) => sourceLink(one.feature), set: (cell, one) => setText(cell, titles.get(one.feature) ?? one.feature) },
  { key: "effect", title: "Without it", class: "wrap", set: (cell, one) => setText(cell, without(titles.get(one.feature) ?? one.feature)) },
  { key: "description", title: "What it does", class: "wrap", set: (cell, one) => setProse(cell, one.description ?? NONE) },
  { key: "where", title: "Where to get one", sort: (one) => hostOf(one.signup_url), cell: (one) => (one.signup_url ? safeLink(one.signup_url, null, hostOf(one.signup_url)) : h("span", { text: NONE })), set: () => {} },
], { keyOf: (one) => `${one.feature} ${one.variable}`, sorted: "feature", folds });
const needed = keyTable($("#needed"), (title) => `${title} stays off`);
const optional = keyTable($("#optional"), (title) => `${title} works, within lower limits`,
  new Folds({ of: () => "Keys", note: (rows) => number(rows.length), turned: () => drawn(optional) }));

const table = new Table($("#features"), [
  { key: "name", title: "Feature", sort: (one) => one.title ?? one.name, cell: (one) => sourceLink(one.provider, one.title), set: () => {} },
  { key: "kind", title: "Kind", sort: (one) => one.category, set: (cell, one) => setText(cell, kindOf(one.category)) },
  { key: "state", title: "State", sort: (one) => (one.enabled ? 1 : 0), cell: () => badge(null), set: (cell, one) => {
    setBadge(cell, one.enabled ? "HEALTHY" : "DISABLED");
    setText(cell.querySelector(".word"), one.enabled ? "on" : "off");
  } },
  { key: "why", title: "Why", set: (cell, one) => {
    setText(cell, one.reason ? (REASONS[one.reason] ?? words(one.reason)) : NONE);
    setAttribute(cell.closest("td"), "data-none", one.reason ? null : "");
  } },
  { key: "variables", title: "Variables", sort: (one) => one.variables.length, first: "desc", cell: () => h("div", { class: "vars" }), set: (cell, one) => {
    setAttribute(cell.closest("td"), "data-none", one.variables.length ? null : "");
    if (!one.variables.length) {
      setText(cell, "none");
      return;
    }
    each(cell, one.variables, (variable) => variable.name,
      (variable) => h("div", { title: variable.description ?? "" }, h("code", { text: variable.name }), h("span", { class: "tag" }), variable.signup_url && !variable.present ? safeLink(variable.signup_url, { class: "note" }, "get one") : null),
      (line, variable) => {
        setText(line.children[1], variable.present ? "set" : "missing");
        line.children[1].dataset.tone = variable.present ? "ok" : variable.required ? "warn" : "";
      });
  } },
], { keyOf: (one) => one.name, sorted: "state",
  folds: new Folds({ of: (one) => capital(kindOf(one.category)), note: (rows) => counted(rows, (one) => !one.enabled, "off"), all: () => $("#find").value.trim() !== "", turned: () => drawn(table) }) });

const ORIGINS = { default: "default", file: "file", environment: "environment" };

const own = new Table($("#settings"), [
  { key: "variable", title: "Variable", sort: (one) => one.variable, cell: (one) => h("code", { text: one.variable }), set: () => {} },
  { key: "value", title: "In force", class: "wrap", set: (cell, one) => setText(cell, shown(one)) },
  { key: "origin", title: "From", sort: (one) => (one.origin === "default" ? 1 : 0), cell: () => h("span", { class: "tag" }), set: (cell, one) => {
    setText(cell, ORIGINS[one.origin] ?? words(one.origin));
    cell.dataset.tone = one.origin === "default" ? "" : "ok";
  } },
  { key: "restart", title: "A change takes", sort: (one) => (one.restart ? 1 : 0), set: (cell, one) => setText(cell, one.restart ? "a restart" : "a reload") },
  { key: "description", title: "What it does", class: "wrap", set: (cell, one) => setProse(cell, one.description ?? NONE) },
], { keyOf: (one) => one.variable, sorted: "origin",
  folds: new Folds({ of: (one) => topicOf(one.variable), note: (rows) => counted(rows, (one) => one.origin !== "default", "set"), all: () => $("#find-setting").value.trim() !== "", turned: () => drawn(own) }) });

// One stop for Tab in each table; arrows move inside.
const rovings = [needed, optional, table, own].map((one) => new Roving(one.body, "a, .fold", { row: "tr" }));
const reach = () => rovings.forEach((roving) => roving.refresh());

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
  reach();
  if (found.length) panels.settings.ready();
  else panels.settings.empty("No setting has that in its name.");
}

function hostOf(url) {
  if (!url) return "";
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
  reach();
  if (found.length) panels.features.ready();
  else panels.features.empty("No feature has that in its name.");
}

function fill(name, table, rows, nothing) {
  table.show(rows);
  if (rows.length) panels[name].ready();
  else panels[name].empty(nothing);
  panels[name].card.querySelector(".scroll").hidden = !rows.length;
}

const poller = new Poller(async () => {
  const [{ missing }, found, status, told] = await Promise.all([get("api/config/missing"), get("api/config/features"), get("api/status"), get("api/config/settings")]);
  features = found.features;
  settings = told.settings;
  titles = new Map(features.map((one) => [one.provider, one.title ?? one.name]));
  const must = missing.filter((one) => one.required);
  const may = missing.filter((one) => !one.required);
  fill("needed", needed, must, "No source waits for a key.");
  fill("optional", optional, may, "Every optional key is set.");
  list();
  listSettings();
  await showConsumers(panels.consumers);
  panels.consumers.card.querySelector(".scroll").hidden = !$("#consumers tbody tr");
  setText($("#env"), [...new Set([...must, ...may].map((one) => `${one.variable}=`))].join("\n"));
  $(".lines").hidden = !missing.length;
  $("#copy").hidden = !missing.length;
  tiles.on.big.replaceChildren(number(found.summary.enabled), h("small", { text: ` of ${number(found.summary.total)}` }));
  setText(tiles.on.sub, "sources that may be asked");
  const off = features.filter((one) => !one.enabled);
  setText(tiles.off.big, number(found.summary.disabled));
  const named = off.slice(0, 3).map((one) => one.title ?? one.name).join(", ");
  setText(tiles.off.sub, off.length > 3 ? `${named} and ${number(off.length - 3)} more` : named || "everything is on");
  setText(tiles.needed.big, number(must.length));
  setText(tiles.needed.sub, must.length ? "their sources stay off" : "no source waits for a key");
  setText(tiles.better.big, number(may.length));
  setText(tiles.better.sub, may.length ? "they would raise limits" : "all are set");
  setText(tiles.changes.big, ADMINS[status.admin?.allowed] ?? words(status.admin?.allowed ?? NONE));
  setText(tiles.changes.sub, status.admin?.allowed === "loopback" ? "set ADMIN_TOKEN to allow others" : (status.admin?.detail ?? ""));
  tiles.changes.big.title = tiles.changes.sub.title = status.admin?.detail ?? "";
  // All at once: nothing that can be seen moves while the page fills.
  for (const panel of Object.values(panels)) panel.card.hidden = false;
  shell.updated(undefined, EVERY_MS);
}, { interval: EVERY_MS, onBad: (problem) => {
  for (const panel of Object.values(panels)) panel.error(problem);
} });

// What is looked for is in the address, so that a list can be shared.
for (const [id, name, show] of [["find", "q", list], ["find-setting", "setting", listSettings]]) {
  const box = $(`#${id}`);
  const read = () => {
    box.value = shell.params().get(name) ?? "";
    show();
  };
  box.value = shell.params().get(name) ?? "";
  box.addEventListener("input", () => {
    shell.replace({ [name]: box.value.trim() || null });
    show();
  });
  document.addEventListener("address", read);
}
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
takeKey(() => poller.now());
setInterval(() => {
  for (const panel of Object.values(panels)) panel.tick();
}, 1000);
poller.start();
