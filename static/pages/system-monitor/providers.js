// The sources: those that need a look, those that are busy, and the quiet ones behind one line.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { ask, root } from "../../shared/js/api.js";
import { failure } from "../../shared/js/codes.js";
import { NONE, ms, number, share } from "../../shared/js/format.js";
import { kindOf } from "../../shared/js/kinds.js";
import { breath } from "../../shared/js/poll.js";
import { Roving } from "../../shared/js/roving.js";
import { badge, setBadge, severity, stateOf } from "../../shared/js/states.js";
import { setSince, since, span, until } from "../../shared/js/time.js";
import { Bars } from "../../shared/components/bars.js";

const link = (path, name) => new URL(`${path}${encodeURIComponent(name)}`, root).href;
const TESTED_MS = 10000;
// So long the rows may hold the page at a time, and so many new ones are made at once.
const SLICE_MS = 6;
const MADE_AT_ONCE = 12;
// Within a group, from bad to good; those nobody knows anything of come after those that are well.
const PLACE = { offline: 0, degraded: 1, healthy: 2, unknown: 3, disabled: 4 };
const COLUMNS = [
  { key: "name", title: "Source", read: (one) => (one.title ?? one.name).toLowerCase() },
  { key: "state", title: "State", read: (one) => PLACE[stateOf(one.state).key] },
  { key: "history", title: "History", class: "hist" },
  { key: "up", title: "Observed up", num: true, read: (one) => one.uptime, first: "desc" },
  { key: "checked", title: "Checked", read: (one) => one.checked_at, first: "desc" },
  { key: "rate", title: "Req/min", num: true, read: (one) => one.requests_per_min, first: "desc" },
  { key: "p95", title: "p95", num: true, read: (one) => one.p95_ms, first: "desc" },
  { key: "act", title: "", class: "act" },
];

// The three groups of a list of sources; `busy(one)` says whether callers' requests go there.
export function grouped(providers, busy) {
  const groups = { look: [], busy: [], quiet: [] };
  for (const one of providers) {
    const { key } = stateOf(one.state);
    const bad = key === "offline" || key === "degraded";
    groups[bad ? "look" : busy(one) ? "busy" : "quiet"].push(one);
  }
  return groups;
}

export class Providers {
  #facts = { window: "1h", bucket_s: 60, to_at: NaN, words: [] };
  #sources = [];
  #traffic = null;
  #parts = new Map();
  #pass = 0;
  quiet = false;

  // `onSort(key, direction)` and `onQuiet(open)` put the choice into the address; `drill` adds a column.
  constructor(table, note, { sort = "state", direction = "asc", quiet = false, onSort, onQuiet, drill = null }) {
    Object.assign(this, { note, onSort, drill, quiet });
    this.sorted = COLUMNS.some((one) => one.key === sort && one.read) ? sort : "state";
    this.direction = direction === "desc" ? "desc" : "asc";
    this.columns = drill ? [...COLUMNS.slice(0, -1), { key: "drill", title: "Drill", class: "drill" }, COLUMNS.at(-1)] : COLUMNS;
    this.heads = this.columns.map((column) => h("th", { scope: "col", class: column.num ? "num" : null },
      column.read ? h("button", { class: "sort", type: "button", onclick: () => this.#turn(column) }, column.title) : column.title || h("span", { class: "away", text: "Actions" })));
    this.body = h("tbody");
    table.append(h("thead", null, h("tr", null, this.heads)), this.body);
    this.roving = new Roving(this.body, "a, button, .bars", { row: "tr" });
    this.more = h("button", { class: "button small bare fold", type: "button", onclick: () => {
      this.quiet = !this.quiet;
      onQuiet(this.quiet);
      this.#rows();
    } });
    // A row that is being used stays where it is; the new order waits until it is left.
    this.body.addEventListener("focusout", () => setTimeout(() => this.#rows()));
  }

  // `traffic` knows who is asked on behalf of callers, and of which request the last failure was. Ends when all
  // rows are shown.
  show(providers, facts, traffic) {
    Object.assign(this.#facts, facts);
    this.#sources = providers;
    this.#traffic = traffic;
    return this.#rows();
  }

  #turn(column) {
    if (this.sorted === column.key) this.direction = this.direction === "asc" ? "desc" : "asc";
    else Object.assign(this, { sorted: column.key, direction: column.first ?? "asc" });
    this.onSort(this.sorted, this.direction);
    this.#rows();
  }

  async #rows() {
    if (!this.#traffic) return;
    const groups = grouped(this.#sources, (one) => this.#traffic.recent(one.name));
    this.columns.forEach((column, at) => setAttribute(this.heads[at], "aria-sort", column.key !== this.sorted ? null : this.direction === "asc" ? "ascending" : "descending"));
    const { read } = this.columns.find((column) => column.key === this.sorted);
    const sign = this.direction === "asc" ? 1 : -1;
    for (const list of Object.values(groups)) list.sort((a, b) => compare(read(a), read(b), sign) || severity(a.state) - severity(b.state) || a.name.localeCompare(b.name));
    const everyone = this.quiet || this.drill;
    const items = [];
    const put = (key, title, list, open = true) => {
      if (!list.length && key !== "look") return;
      items.push({ key: `group:${key}`, group: key, title, count: list.length });
      if (!open) return;
      for (const one of list) {
        items.push({ key: one.name, one });
        if (key === "look" && (one.last_error || channelsOf(one))) items.push({ key: `why:${one.name}`, why: one });
      }
    };
    put("look", groups.look.length ? "Need a look" : "Nothing needs a look", groups.look);
    put("busy", "Busy", groups.busy);
    put("quiet", "Quiet", groups.quiet, everyone);
    setText(this.note, `${number(groups.look.length)} need a look, ${number(groups.busy.length)} busy, ${number(groups.quiet.length)} quiet`);
    for (const name of this.#parts.keys()) if (!this.#sources.some((one) => one.name === name)) this.#parts.delete(name);
    await this.#inSlices(this.#steady(items));
  }

  // The order at once, then row after row with pauses, so that sixty of them do not hold the page. Whoever begins
  // anew meanwhile, as by a click on a heading, ends this.
  async #inSlices(items) {
    const pass = (this.#pass += 1);
    const rows = this.body.keptChildren ?? new Map();
    const known = items.filter((item) => rows.has(item.key));
    let missing = items.filter((item) => !rows.has(item.key));
    do {
      const made = new Set(missing.slice(0, MADE_AT_ONCE));
      missing = missing.slice(MADE_AT_ONCE);
      const later = new Set(missing);
      each(this.body, items.filter((item) => !later.has(item)), (item) => item.key, (item) => this.#make(item), (row, item) => made.has(item) && this.#fill(row, item));
      this.roving.refresh();
      if (missing.length) await breath();
      if (pass !== this.#pass) return;
    } while (missing.length);
    let begun = performance.now();
    for (const item of known) {
      if (performance.now() - begun > SLICE_MS) {
        await breath();
        if (pass !== this.#pass) return;
        begun = performance.now();
      }
      this.#fill(this.body.keptChildren.get(item.key), item);
    }
  }

  // While something inside has the focus, rows that are shown keep their order.
  #steady(items) {
    if (!this.body.contains(document.activeElement)) return items;
    const before = new Map([...this.body.children].map((row, at) => [row.dataset.row, at]));
    return [...items].map((item, at) => [item, before.get(item.key) ?? at + 0.5]).sort((a, b) => a[1] - b[1]).map(([item]) => item);
  }

  #make(item) {
    const data = { row: item.key };
    if (item.group) return h("tr", { class: "group", data }, h("th", { colspan: this.columns.length, scope: "rowgroup" }, item.group === "quiet" && !this.drill ? this.more : h("span")));
    if (item.why) return h("tr", { class: "why", data }, h("td", { colspan: this.columns.length }, h("span", { class: "cause" }), " ", h("span", { class: "next" })));
    const { one } = item;
    const parts = {
      name: h("a", { href: link("providers?name=", one.name), title: one.name }), kind: h("small"), state: badge(null), bars: new Bars(), up: h("span"),
      checked: since(null), rate: h("span"), p95: h("span"),
      test: h("button", { class: "button small", type: "button", onclick: () => this.#test(one.name) }, "Test"),
      why: h("a", { class: "button small" }, "Why"),
    };
    this.#parts.set(one.name, parts);
    const cells = [
      h("th", { scope: "row" }, h("span", { class: "who" }, parts.name, parts.kind)), h("td", null, parts.state), h("td", { class: "hist" }, parts.bars.element),
      h("td", { class: "num" }, parts.up), h("td", null, parts.checked), h("td", { class: "num" }, parts.rate), h("td", { class: "num" }, parts.p95),
      ...(this.drill ? [h("td", { class: "drill" }, this.drill.cell(one))] : []),
      h("td", { class: "act" }, parts.test, " ", parts.why),
    ];
    return h("tr", { data: { ...data, key: one.name } }, cells);
  }

  #fill(row, item) {
    if (item.group) {
      const open = this.quiet || this.drill;
      const text = item.group === "quiet" ? `${number(item.count)} quiet ${open ? "▾" : "▸"}` : item.count ? `${item.title} · ${number(item.count)}` : item.title;
      const place = row.firstChild.firstChild;
      setText(place, text);
      if (place === this.more) {
        setAttribute(place, "aria-expanded", String(Boolean(open)));
        setAttribute(place, "title", "No requests of callers in the last quarter of an hour");
      }
      return;
    }
    if (item.why) {
      const { last_error: error, retry_at: retry, hold_until: hold } = item.why;
      const [cause, next] = row.firstChild.children;
      const said = error ? failure(error) : "";
      // Many a message begins with what the code says.
      setText(cause, !error?.message ? said : error.message.startsWith(said) ? error.message : `${said}: ${error.message}`);
      const when = retry ?? hold;
      const more = [channelsOf(item.why), Number.isFinite(when) ? `next try ${until(when)}` : ""].filter(Boolean).join(" · ");
      setText(next, said && more ? `· ${more}` : more);
      return;
    }
    this.#row(item.one, row);
  }

  #row(one, row) {
    const parts = this.#parts.get(one.name);
    setText(parts.name, one.title ?? one.name);
    setText(parts.kind, kindOf(one.kind));
    setBadge(parts.state, one.state, one.disabled_reason ?? null);
    // Green is for what was seen: who was not asked in the whole span is hollow.
    parts.state.toggleAttribute("data-idle", stateOf(one.state).key === "healthy" && typeof one.asked === "string" && !one.asked.includes("1"));
    const { words, to_at: to, bucket_s: step, window } = this.#facts;
    const buckets = (one.history ?? []).map((value) => (value === null ? null : (words[value] ?? "unknown")));
    parts.bars.set({ buckets, asked: one.asked, from: to - buckets.length * step * 1000, step: step * 1000, summary: describe(one, window), href: link("incidents?source=", one.name) });
    setText(parts.up, Number.isFinite(one.uptime) ? share(one.uptime) + (Number.isFinite(one.observed_s) ? ` of ${span(one.observed_s * 1000)}` : "") : NONE);
    setAttribute(parts.up, "title", Number.isFinite(one.observed_s) ? `up in ${share(one.uptime)} of the ${span(one.observed_s * 1000)} in which it was asked` : null);
    const request = this.#traffic.failure(one.name);
    setAttribute(parts.why, "href", request ? link("explain?request=", request) : link("providers?name=", one.name));
    setAttribute(parts.why, "title", request ? "The last request it failed" : "Its last decisions");
    setSince(parts.checked, one.checked_at);
    setText(parts.rate, number(one.requests_per_min));
    setText(parts.p95, ms(one.p95_ms));
    this.drill?.set(row.querySelector("td.drill"), one);
  }

  // Asks the source once, now, whatever its state; at most each ten seconds.
  async #test(name) {
    const button = this.#parts.get(name).test;
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    setText(button, "Testing…");
    const began = performance.now();
    try {
      const { data } = await ask(`api/source-health/test/${encodeURIComponent(name)}`, { method: "POST", timeout: 30000 });
      setText(button, `${stateOf(data.state).word}, ${ms(performance.now() - began)}`);
      setAttribute(button, "title", null);
    } catch (problem) {
      setText(button, "Refused");
      setAttribute(button, "title", problem.detail || problem.title);
    }
    setTimeout(() => {
      button.removeAttribute("aria-disabled");
      setText(button, "Test");
    }, TESTED_MS);
  }
}

// How many of a source's channels are left, where that is not all; of a source that is offline, those that may be
// asked were not asked yet.
function channelsOf({ channels, state }) {
  const { usable, total } = channels ?? {};
  if (!(total > 0) || usable === total) return "";
  if (stateOf(state).key !== "offline") return `${usable} of ${total} channels usable`;
  return usable ? `${usable} of ${total} channels not asked` : "";
}

function describe(one, window) {
  const up = Number.isFinite(one.uptime) ? `${share(one.uptime)} up${Number.isFinite(one.observed_s) ? ` of ${span(one.observed_s * 1000)} observed` : ""}` : "nothing known";
  return `${one.title ?? one.name}, ${window}: ${up}, ${number(one.incidents)} ${one.incidents === 1 ? "incident" : "incidents"}`;
}

// What is not known comes last, whichever way.
function compare(a, b, sign) {
  const none = (value) => value === null || value === undefined || Number.isNaN(value);
  if (none(a) || none(b)) return none(a) - none(b);
  return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
}
