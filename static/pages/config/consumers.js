// Who may ask, and how much they did: everybody's for the operator, its own for a consumer with a key.
import { $, each, h, setText } from "../../shared/js/dom.js";
import { get } from "../../shared/js/api.js";
import { NONE, number } from "../../shared/js/format.js";
import { Spark } from "../../shared/components/spark.js";
import { Table } from "../../shared/js/table.js";

const STORED = "coinmux.key";
const OPEN = "No keys are set: everybody who reaches this server may ask its sources.";
const SHUT = "Keys are set. Enter one to ask sources from this tab, and to see what it used.";
const sparks = new WeakMap();

const of = (value, limit) => (limit === null ? number(value) : `${number(value)} of ${number(limit)}`);

const table = new Table($("#consumers"), [
  { key: "name", title: "Consumer", sort: (one) => one.name, cell: (one) => h("code", { text: one.name }), set: () => {} },
  { key: "scopes", title: "May ask for", class: "wrap", set: (cell, one) => setText(cell, one.every ? "everything" : one.scopes.join(", ")) },
  { key: "requests", title: "Requests this month", sort: (one) => one.requests, first: "desc", set: (cell, one) => setText(cell, one.refused ? `${number(one.requests)}, ${number(one.refused)} refused` : number(one.requests)) },
  { key: "minute", title: "Left this minute", sort: (one) => one.requests_left ?? Infinity, set: (cell, one) => setText(cell, one.requests_per_min === null ? NONE : of(one.requests_left, one.requests_per_min)) },
  { key: "calls", title: "Calls of sources", sort: (one) => one.calls, first: "desc", cell: () => h("span"), set: (cell, one) => {
    setText(cell, of(one.calls, one.monthly_calls));
    cell.className = one.calls_left === 0 ? "spent" : "";
    cell.title = one.calls_left === 0 ? "Its budget of the month is spent: only what is cached is answered" : "";
  } },
  { key: "days", title: "Last 30 days", cell: () => {
    const spark = new Spark("Calls of sources by day");
    sparks.set(spark.element, spark);
    return spark.element;
  }, set: (cell, one) => sparks.get(cell)?.set([{ values: one.days, least: 1 }], `Calls of sources by day, ${number(one.days.at(-1))} today`) },
  { key: "sources", title: "Sources", class: "wrap", cell: () => h("div", { class: "vars" }), set: (cell, one) => {
    each(cell, one.sources.slice(0, 4), (source) => source.name,
      () => h("div", {}, h("span"), h("span", { class: "tag" })),
      (line, source) => {
        line.title = source.name;
        setText(line.children[0], `${source.title} ${number(source.calls)}`);
        const said = shareOf(source.share);
        line.children[1].hidden = !said;
        setText(line.children[1], said ?? "");
        line.children[1].dataset.tone = source.share?.is_over ? "warn" : "";
        line.children[1].title = source.share ? `Used ${number(source.share.used)}; an equal share among ${number(source.share.among)} is ${number(source.share.share)}` : "";
      });
  } },
], { keyOf: (one) => one.name, sorted: "name" });

function shareOf(share) {
  if (!share?.is_short) return null;
  return share.is_over ? "over its share" : "within its share";
}

// What the section shows; without the right to see it, what would do.
export async function showConsumers(panel) {
  const form = $("#key-form");
  let usage;
  try {
    usage = await get("api/usage");
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    form.hidden = false;
    table.show([]);
    panel.empty(kept() ? problem.title : SHUT);
    return;
  }
  form.hidden = !usage.has_keys || (usage.you === "operator" && !kept());
  const scopes = Math.max(0, ...usage.consumers.map((one) => one.scopes.length));
  const everything = usage.consumers.find((one) => one.name === "operator")?.scopes.length ?? Math.max(11, scopes);
  table.show(usage.consumers.map((one) => ({ ...one, every: one.scopes.length >= everything })));
  setText($("#consumers-note"), usage.has_keys ? `Counted by ${COUNTED[usage.kept_by] ?? usage.kept_by}.` : "");
  if (usage.has_keys) panel.ready();
  else panel.empty(OPEN);
}

const COUNTED = { store: "all workers together", archive: "the archive", process: "this process, until it ends" };

function kept() {
  try {
    return sessionStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export function takeKey(changed) {
  $("#key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = $("#key").value.trim();
    try {
      if (key) sessionStorage.setItem(STORED, key);
      else sessionStorage.removeItem(STORED);
    } catch {
      // A browser that keeps nothing for pages keeps no key either.
    }
    $("#key").value = "";
    changed();
  });
}
