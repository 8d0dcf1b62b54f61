// The explorer of sources: filters in the address, a table, and a drawer for one of them.
import { $, each, h, setText } from "../../shared/js/dom.js";
import { get } from "../../shared/js/api.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { Roving } from "../../shared/js/roving.js";
import { shell } from "../../shared/js/shell.js";
import { NONE, ms, number, share, words } from "../../shared/js/format.js";
import { kindOf } from "../../shared/js/kinds.js";
import { ORDER, badge, setBadge, stateOf } from "../../shared/js/states.js";
import { setSince, since, span, sync } from "../../shared/js/time.js";
import { failure } from "../../shared/js/codes.js";
import { Table } from "../../shared/js/table.js";
import { capabilityOf, learnCapabilities } from "../../shared/js/words.js";
import { Drawer } from "./drawer.js";
import { answering, channelName, checkedAt, errorText, isBad, keyState, offBecause, tightest } from "./sources.js";

const EVERY_MS = 10000;
// Dead channels named in a row; the drawer has them all.
const CHANNELS = 3;
// What is in trouble comes first, then what is known to work; what nobody asked yet says little.
const SORTED = ["offline", "degraded", "healthy", "unknown", "disabled"];
const FILTERS = ["q", "kind", "state", "capability", "key"];
const KEYS = { needed: "needed", optional: "optional", none: "not needed" };
const form = $("#filters");
const panel = new Panel($('[data-panel="explorer"]'), { staleAfter: 3 * EVERY_MS, retry: () => poller.now() });
const facts = { known: [], keys: new Map(), titles: new Map(), monitor: null };
const titleOf = (name) => facts.titles.get(name) ?? name;

function reasonOf(one) {
  if (one.state === "DISABLED") return offBecause(one, facts.keys.get(one.name));
  return isBad(one) && one.last_error ? errorText(one.last_error) : "";
}

function insteadOf(one) {
  const names = one.state === "OFFLINE" ? answering(one.name, one.capabilities, facts.monitor) : [];
  if (!names.length) return "";
  return `${names.map(titleOf).join(" and ")} ${names.length > 1 ? "answer" : "answers"} instead`;
}

// "3 of 14 channels down, 11 not asked": a source is offline once all that were asked are.
function countOf({ channels }, dead) {
  const unasked = channels.filter((channel) => channel.enabled && channel.state === "UNKNOWN").length;
  if (dead.length && unasked) return `${dead.length} of ${channels.length} channels down, ${unasked} not asked`;
  const usable = channels.filter((channel) => channel.enabled).length - dead.filter((channel) => channel.state === "OFFLINE").length;
  return `${usable} of ${channels.length} channels usable`;
}

function channelsOf(one) {
  const dead = one.channels.filter(isBad);
  // A source that is its only channel has nothing more to say of it.
  if (one.channels.length < 2 && !dead.length) return [];
  const lines = dead.slice(0, CHANNELS).map((channel) => `${channelName(channel.name)}: ${channel.last_error ? failure(channel.last_error) : stateOf(channel.state).word}`);
  return one.channels.length ? [countOf(one, dead), ...lines, ...(dead.length > CHANNELS ? [`and ${dead.length - CHANNELS} more`] : [])] : [];
}

const table = new Table($("#explorer"), [
  { key: "name", title: "Source", sort: (one) => one.title,
    cell: (one) => h("span", { class: "who" }, h("button", { class: "open", type: "button", title: one.name, onclick: () => drawer.push(one.name) }), h("small")),
    set: (cell, one) => { setText(cell.children[0], one.title); setText(cell.children[1], kindOf(one.category)); } },
  { key: "state", title: "State and why", class: "wrap", sort: (one) => SORTED.indexOf(stateOf(one.state).key),
    cell: () => h("div", { class: "why" }, badge(null), h("p", { class: "reason" }), h("p", { class: "note" }), h("ul")),
    set: (cell, one) => {
      setBadge(cell.children[0], one.state);
      setText(cell.children[1], reasonOf(one));
      setText(cell.children[2], insteadOf(one));
      each(cell.children[3], channelsOf(one), (line) => line, (line) => h("li", { text: line }));
    } },
  { key: "can", title: "Capabilities", sort: (one) => one.capabilities.length, first: "desc",
    cell: (one) => h("div", { class: "can" }, one.capabilities.map((name) => h("span", { class: "tag", title: name, text: capabilityOf(name) }))), set: () => {} },
  { key: "up", title: "Observed up", num: true, sort: (one) => one.uptime,
    cell: () => h("div", { class: "up" }, h("span"), h("small")),
    set: (cell, one) => {
      setText(cell.children[0], share(one.uptime));
      setText(cell.children[1], Number.isFinite(one.observed_s) && one.observed_s > 0 ? `of ${span(one.observed_s * 1000)}` : "");
    } },
  { key: "checked", title: "Checked", sort: (one) => one.checked, first: "desc", cell: (one) => since(one.checked), set: (cell, one) => setSince(cell, one.checked) },
  { key: "left", title: "Quota left", sort: (one) => { const window = tightest(one); return window ? window.left / window.of : null; },
    cell: () => h("div", { class: "left" }, h("span"), h("div", { class: "meter" }, h("i"))),
    set: (cell, one) => {
      const window = tightest(one);
      setText(cell.children[0], window ? `${number(window.left)} of ${number(window.of)} in ${span(window.per_s * 1000)}` : NONE);
      const part = window ? window.left / window.of : 0;
      cell.children[1].hidden = !window;
      cell.children[1].firstChild.style.width = `${100 * part}%`;
      cell.children[1].toggleAttribute("data-low", part < 0.2);
    } },
  { key: "p95", title: "p95", num: true, sort: (one) => one.p95_ms, set: (cell, one) => setText(cell, ms(one.p95_ms)) },
  { key: "key", title: "Key", sort: (one) => keyOf(one), set: (cell, one) => setText(cell, KEYS[keyOf(one)]) },
  { key: "grade", title: "Grade", sort: (one) => one.grade, set: (cell, one) => setText(cell, one.grade ?? NONE) },
  { key: "priority", title: "Priority", num: true, sort: (one) => one.priority, set: (cell, one) => setText(cell, number(one.priority)) },
], {
  keyOf: (one) => one.name,
  ...sorting(),
  onSort: (sort, direction) => shell.replace({ sort, dir: direction === "desc" ? "desc" : null }),
});

function sorting() {
  const params = shell.params();
  return { sorted: params.get("sort") ?? "state", direction: params.get("dir") === "desc" ? "desc" : "asc" };
}

const keyOf = (one) => keyState(facts.keys.get(one.name));

function wanted() {
  const value = Object.fromEntries(new FormData(form));
  const looked = value.q.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return facts.known.filter((one) => {
    const text = `${one.name} ${one.title} ${one.category} ${one.capabilities.flatMap((name) => [words(name), capabilityOf(name)]).join(" ")}`.toLowerCase();
    return looked.every((word) => text.includes(word))
      && (!value.kind || one.category === value.kind)
      && (!value.state || stateOf(one.state).key === value.state)
      && (!value.capability || one.capabilities.includes(value.capability))
      && (!value.key || keyOf(one) === value.key);
  });
}

// One stop for Tab; arrows lead from source to source.
const roving = new Roving(table.body, ".open", { row: "tr" });

function show(options) {
  const found = wanted();
  table.show(found, options);
  roving.refresh();
  setText($("#count"), `${found.length} of ${facts.known.length} sources`);
  if (found.length) panel.ready();
  else panel.empty("No source fits these filters. Clear one of them.");
}

function choices(name, values, textOf = words) {
  const select = form.elements[name];
  if (select.options.length > 1) return;
  select.append(...values.map((value) => h("option", { value, text: textOf(value) })));
  select.value = shell.params().get(name) ?? "";
}

function readFilters() {
  for (const name of FILTERS) form.elements[name].value = shell.params().get(name) ?? "";
}

const poller = new Poller(async () => {
  const [{ providers, broken, pages }, { sources }, { features }, monitor] = await Promise.all([get("api/providers"), get("api/source-health/status"), get("api/config/features"), get("api/monitor")]);
  sync(monitor.server_time);
  const seen = new Map(monitor.providers.map((one) => [one.name, one]));
  const channels = new Map();
  for (const one of sources.filter(({ name }) => name.includes(":"))) {
    const owner = one.name.slice(0, one.name.indexOf(":"));
    channels.set(owner, [...(channels.get(owner) ?? []), one]);
  }
  facts.keys = new Map(features.map((one) => [one.provider, one.variables]));
  facts.titles = new Map(providers.map((one) => [one.name, one.title ?? one.name]));
  facts.monitor = monitor;
  learnCapabilities(monitor.capabilities);
  facts.known = providers.map((one) => {
    // The monitor says how it is: its state comes from its channels there, as everywhere.
    const { state = one.state, uptime, observed_s, p95_ms, last_error, ...times } = seen.get(one.name) ?? {};
    return { ...one, title: titleOf(one.name), state, uptime, observed_s, p95_ms, last_error, checked: checkedAt(times), channels: channels.get(one.name) ?? [] };
  });
  choices("kind", [...new Set(facts.known.map((one) => one.category))].sort(), kindOf);
  choices("state", ORDER);
  choices("capability", [...new Set(facts.known.flatMap((one) => one.capabilities))].sort((a, b) => capabilityOf(a).localeCompare(capabilityOf(b))), capabilityOf);
  show();
  shell.updated(undefined, EVERY_MS);
  $("#pages").hidden = !pages.length;
  $("#page-list").replaceChildren(...pages.map((one) => h("li", null, h("a", { href: one.path.slice(1), text: one.title }), " ", h("span", { class: "muted", text: `by ${one.plugin}` }))));
  $("#broken").hidden = !broken.length;
  $("#broken-list").replaceChildren(...broken.map((one) => h("li", null, h("strong", { text: one.origin }), " ", h("span", { class: "muted", text: one.error }))));
  drawer.refresh();
}, { interval: EVERY_MS, onBad: (problem) => {
  // A dead server is said once, by the banner; what is shown stays.
  if (!problem.unreachable || panel.at === null) panel.error(problem);
} });

const drawer = new Drawer(facts, () => poller.now());
readFilters();
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  shell.replace(Object.fromEntries(new FormData(form)));
  show({ moves: true });
});
document.addEventListener("address", () => {
  readFilters();
  Object.assign(table, sorting());
  if (facts.known.length) show({ moves: true });
  drawer.follow();
});
setInterval(() => panel.tick(), 1000);
poller.start();
drawer.follow();
