// The tab of requests: what was asked, grouped by question and outcome, newest group first.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { ms, words } from "../../shared/js/format.js";
import { root } from "../../shared/js/api.js";
import { failure, reason } from "../../shared/js/codes.js";
import { Roving } from "../../shared/js/roving.js";
import { clock, stamp } from "../../shared/js/time.js";
import { SERVER } from "./network/layout.js";
import { mark } from "./marks.js";
import { titleOf } from "../../shared/js/words.js";

// A question asked again within this time joins its group.
const TOGETHER_MS = 60000;
const MOST = 80;
const KINDS = new Set(["request", "cache_hit", "failover", "error"]);
export const FILTERS = { "": "Everything", request: "Live", cache_hit: "Cached", failover: "Failovers", error: "Failed", own: "Of this dashboard" };

export class Requests {
  constructor(list, select, { onChoose }) {
    Object.assign(this, { list, select });
    this.groups = [];
    this.shown = false;
    this.roving = new Roving(list, "a");
    select.append(...Object.entries(FILTERS).map(([value, text]) => h("option", { value, text })));
    select.addEventListener("change", () => {
      onChoose(select.value);
      this.show();
    });
  }

  choose(filter) {
    this.select.value = filter in FILTERS ? filter : "";
    this.show();
  }

  // `events` come oldest first.
  add(events) {
    const asked = events.filter((event) => KINDS.has(event.kind));
    if (!asked.length) return;
    for (const event of asked) this.#join(event);
    this.groups.splice(0, this.groups.length - MOST);
    this.show();
  }

  get size() {
    return this.groups.length;
  }

  // Only the tab that is open has lines in the document.
  show() {
    if (!this.shown) {
      each(this.list, [], (one) => one.id, () => null);
      return;
    }
    const filter = this.select.value;
    const wanted = this.groups.filter((one) => (filter === "own" ? one.own : !one.own && (filter === "" || filter === one.kind || (filter === "cache_hit" && one.cached > 0))));
    each(this.list, wanted.reverse(), (one) => one.id, make, fill);
    this.roving.refresh();
  }

  #join(event) {
    const about = event.message?.includes(": ") ? event.message.split(": ")[0] : "";
    const look = lookOf(event);
    const calm = look === "ok" || look === "cached";
    const key = [event.operation, event.parts ? event.parts.asked : about, event.own === true, calm ? "answered" : `${event.kind} ${event.outcome}`].join("|");
    let group = this.groups.findLast((one) => one.key === key && event.t - one.at < TOGETHER_MS);
    if (!group) {
      group = { id: `${event.id} ${event.t}`, key, kind: event.kind, own: event.own === true, about: event.parts ? "" : about, at: event.t, count: 0, cached: 0, failed: 0, took: 0 };
      this.groups.push(group);
    }
    group.count += 1;
    if (event.kind === "cache_hit") group.cached += 1;
    else group.kind = event.kind;
    if (event.kind !== "cache_hit" || !group.last) group.route = route(event);
    group.took = Math.max(group.took, event.latency_ms ?? 0);
    group.look = calm ? (group.cached === group.count ? "cached" : "ok") : look;
    group.last = event;
  }
}

// The worst of what is inside decides: an answer of which parts are missing is not green.
export function lookOf({ kind, parts }) {
  if (kind === "error" || (parts && parts.failed >= parts.asked && parts.asked > 0)) return "failed";
  if (parts?.failed > 0) return "part";
  return { failover: "retry", cache_hit: "cached" }[kind] ?? "ok";
}

// Who answered. Arrows stand for a failover and nothing else; several of one are counted.
export function route(event) {
  const asked = (event.hops ?? []).filter((hop) => hop.from === SERVER);
  if (!asked.length) return event.provider ? titleOf(event.provider) : "";
  const counts = new Map();
  for (const hop of asked) {
    const said = hop.outcome === "ok" || hop.outcome === "cut_short" ? titleOf(hop.to) : `${titleOf(hop.to)} (${hop.code ? failure({ code: hop.code }) : words(hop.outcome)})`;
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  const list = [...counts].map(([said, count]) => (count > 1 ? `${said} ×${count}` : said));
  return list.join(event.kind === "failover" && !event.parts ? " → " : ", ");
}

function make() {
  const box = h("a", { class: "line" }, h("time"), h("span", { class: "is" }), h("div", null, h("div", { class: "what" }, h("span"), h("span", { class: "muted" })), h("div", { class: "more" })), h("span", { class: "took" }));
  return h("li", null, box);
}

function fill(item, group) {
  const box = item.firstChild;
  const [time, sign, text, took] = box.children;
  const { last } = group;
  setText(time, clock(group.at));
  setAttribute(time, "datetime", new Date(group.at).toISOString());
  setAttribute(time, "title", stamp(group.at));
  if (sign.dataset.look !== group.look) {
    sign.dataset.look = group.look;
    sign.replaceChildren(mark(group.look));
  }
  setAttribute(box, "data-kind", group.kind);
  setAttribute(box, "data-look", group.look);
  setAttribute(box, "data-count", group.count);
  setText(text.children[0].firstChild, `${words(last.operation ?? last.message ?? "")}${last.parts ? `, ${last.parts.asked} ${last.parts.asked === 1 ? "pair" : "pairs"}` : ""}`);
  setText(text.children[0].lastChild, [group.about ? ` ${group.about}` : "", group.count > 1 ? ` ×${group.count}` : ""].join(""));
  const word = last.outcome === "stale" ? "cached, refreshing" : "cached";
  const kept = group.cached === 0 ? "" : group.cached === group.count ? word : `${group.cached} cached`;
  const parts = last.parts?.failed > 0 ? `${last.parts.asked - last.parts.failed} of ${last.parts.asked} answered` : "";
  const ended = group.kind === "error" ? reason(last.outcome) : last.outcome === "stale" && group.cached < group.count ? word : "";
  const more = [group.route, kept, parts, ended].filter(Boolean).join(" · ");
  setText(text.children[1], more);
  setAttribute(text.children[1], "title", last.message ?? null);
  setText(took, group.took ? (group.count > 1 ? `≤ ${ms(group.took)}` : ms(group.took)) : "");
  setAttribute(box, "href", last.request_id ? new URL(`explain?request=${encodeURIComponent(last.request_id)}`, root).href : null);
}
