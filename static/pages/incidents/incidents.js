// What went wrong, when, why and for how long: filters in the address, a bar of time, a list, and a
// drawer for one of them.
import { $, h, setText } from "../../shared/js/dom.js";
import { get } from "../../shared/js/api.js";
import { live } from "../../shared/js/live.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import { eachSecond, now, timeOf, when } from "../../shared/js/time.js";
import { learnCapabilities } from "../../shared/js/words.js";
import { Alerts } from "./alerts.js";
import { Drawer } from "./drawer.js";
import { List } from "./list.js";
import { Week } from "./week.js";
import { openOf } from "./words.js";

const EVERY_MS = 15000;
// The recorder looks once a second: an event is an incident a moment later.
const SOON_MS = 1500;
const DAY_MS = 86400000;
const SPANS = { "24h": DAY_MS, "": 7 * DAY_MS, "30d": 30 * DAY_MS, all: null };
const WORDS = { "24h": "Last 24 hours", "": "Last 7 days", "30d": "Last 30 days", all: "All there are" };
const LIMIT = 100;
const FIELDS = ["source", "capability", "kind", "severity", "state", "last"];

const form = $("#filters");
const drawer = new Drawer($("#drawer"), $("#detail"));
const week = new Week($("#week"), (id) => drawer.show(id));
const list = new List($("#list"), (id) => drawer.show(id));
const alerts = new Alerts($("#alerts"));
const panels = {
  alerts: new Panel($('[data-panel="alerts"]'), { staleAfter: 3 * EVERY_MS }),
  week: new Panel($('[data-panel="week"]'), { staleAfter: 3 * EVERY_MS }),
  list: new Panel($('[data-panel="list"]'), { staleAfter: 3 * EVERY_MS, retry: () => poller.now() }),
};
let newest = [];
let older = [];
let next = null;
let listed = false;
// Since when anything is known, where incidents are kept in memory alone.
let knownSince = null;

// Only what the choices know: an address written by hand asks for nothing the server would refuse.
function chosen() {
  const value = Object.fromEntries(new FormData(form));
  return Object.fromEntries(FIELDS.map((name) => [name, String(value[name] ?? "").trim()]));
}

function question(extra = {}) {
  const { last, ...rest } = chosen();
  const back = SPANS[last];
  return { ...rest, from: back === null ? null : Math.round(now() - back), limit: LIMIT, ...extra };
}

const filtered = () => FIELDS.some((name) => name !== "last" && chosen()[name]);

function show() {
  const known = new Set(newest.map((one) => one.id));
  const all = [...newest, ...older.filter((one) => !known.has(one.id))];
  const { last } = chosen();
  setText($("#week-title"), WORDS[last]);
  const oldest = all.length ? all[all.length - 1].started_at : now() - DAY_MS;
  week.show(all, SPANS[last] === null ? oldest : now() - SPANS[last], now(), knownSince);
  list.show(all);
  $("#older").hidden = next === null;
  panels.week.ready();
  if (all.length) panels.list.ready();
  else panels.list.empty(filtered() ? "No incident fits these filters." : nothing(last));
  summarize(all);
  suggest("sources", all.filter((one) => one.kind === "source").map((one) => [one.name, one.title]));
  suggest("capabilities", all.filter((one) => one.kind === "capability").map((one) => [one.name, one.title]));
}

// No more is said than is known.
function nothing(last) {
  const back = SPANS[last];
  if (knownSince !== null && (back === null || knownSince > now() - back)) return `Nothing went wrong since ${when(knownSince)}; what was before is not known.`;
  return back === null ? "Nothing went wrong: no incident is kept." : `Nothing went wrong: no incident in the ${WORDS[last].toLowerCase()}.`;
}

// The one sentence of the page: what is wrong now.
function summarize(all) {
  const open = openOf(all);
  const names = open.slice(0, 4).map((one) => one.title);
  const more = open.length - names.length;
  const listed = more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
  const total = all.length ? `${all.length}${next ? " or more" : ""} ${all.length === 1 ? "incident" : "incidents"} here.` : "";
  const standing = chosen().state === "ended" ? "" : open.length ? `${open.length} open now: ${listed}.` : "None is open now.";
  setText($("#summary"), [standing, total].filter(Boolean).join(" ") || "None here.");
}

function suggest(id, pairs) {
  const names = new Map(pairs);
  const place = document.getElementById(id);
  const key = [...names.keys()].sort().join();
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...[...names].sort().map(([value, label]) => h("option", { value, label })));
}

function said(page) {
  const hints = $("#hints");
  hints.hidden = !page.notes.length;
  setText(hints, page.notes.map((note) => `${note[0].toUpperCase()}${note.slice(1)}${note.endsWith("?") ? "" : "."}`).join(" "));
  const kept = $("#kept");
  knownSince = page.kept === "archive" ? null : page.known_since;
  if (page.kept === "archive") {
    kept.hidden = true;
  } else if (kept.hidden) {
    kept.hidden = false;
    kept.replaceChildren(h("span", null, "Kept in memory only, since ", timeOf(page.known_since), ": without an archive they are lost when coinmux stops, and what was before is not known."));
  }
}

const poller = new Poller(async () => {
  const asked = JSON.stringify(chosen());
  const page = await get("api/incidents", question());
  if (asked !== JSON.stringify(chosen())) return;
  newest = page.incidents;
  if (!older.length) next = page.next;
  said(page);
  show();
  if (!listed) telling.start();
  listed = true;
  shell.updated(undefined, EVERY_MS);
}, { interval: EVERY_MS, onBad: (problem) => panels.list.error(problem) });

const telling = new Poller(async () => {
  alerts.show(...(await Promise.all([get("api/alerts"), get("api/maintenance")])));
  panels.alerts.ready();
  // It is asked for once the list is there, which would push it down.
  panels.alerts.card.hidden = false;
}, { interval: EVERY_MS, onBad: (problem) => panels.alerts.error(problem) });

$("#older button").addEventListener("click", async ({ currentTarget: button }) => {
  button.setAttribute("aria-disabled", "true");
  try {
    const page = await get("api/incidents", question({ cursor: next }));
    older.push(...page.incidents);
    next = page.next;
    show();
  } catch (problem) {
    panels.list.error(problem);
  }
  button.removeAttribute("aria-disabled");
});

function read() {
  const address = shell.params();
  for (const name of FIELDS) {
    const field = form.elements[name];
    const value = (address.get(name) ?? "").slice(0, 120);
    field.value = value;
    if (field.selectedIndex === -1) field.value = "";
  }
  const id = address.get("id");
  if (id) drawer.open(id);
  else drawer.close();
}

// Other filters are other incidents: what was loaded before is of no use.
function turn() {
  older = [];
  next = null;
  poller.now();
}

let typing = null;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", ({ target }) => {
  clearTimeout(typing);
  shell.replace(chosen());
  typing = setTimeout(turn, target.matches("input") ? 400 : 0);
});
document.addEventListener("address", () => {
  const before = JSON.stringify(chosen());
  read();
  if (before !== JSON.stringify(chosen())) turn();
});
// The state of the whole, which the frame asks for, has the titles of capabilities.
document.addEventListener("system-status", ({ detail }) => learnCapabilities(detail.answer?.capabilities));
document.addEventListener("zone", () => show());
let soon = null;
live.on((event) => {
  if (event.kind !== "state_change" && event.kind !== "config") return;
  clearTimeout(soon);
  soon = setTimeout(() => poller.now(), SOON_MS);
});
eachSecond(() => Object.values(panels).forEach((panel) => panel.tick()));
read();
poller.start();
