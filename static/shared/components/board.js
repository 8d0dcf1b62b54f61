// What can be asked: every capability with the sources that are left for it, its history, who serves it.
import { each, h, setAttribute, setText } from "../js/dom.js";
import { root } from "../js/api.js";
import { number, words } from "../js/format.js";
import { shape, stateOf } from "../js/states.js";
import { when } from "../js/time.js";
import { Bars } from "./bars.js";

// Groups in the order they are shown, and how many rows to keep free for each before the first answer.
const GROUPS = new Map([
  ["market", ["Market", 7]], ["chain", ["Chain", 7]], ["onchain", ["On-chain", 2]],
  ["sentiment", ["Sentiment", 2]], ["news", ["News", 1]], ["models", ["Models", 1]],
]);
const SAID = { healthy: "online", degraded: "reduced", offline: "offline", unknown: "unknown", disabled: "disabled" };
const ARROWS = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]);

const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
const titleOf = (one) => one.title ?? capital(words(one.name));
const rank = (group) => (GROUPS.has(group) ? [...GROUPS.keys()].indexOf(group) : GROUPS.size);
// A page may fold some rows away; those are no stops.
const isShown = (link) => link.checkVisibility();
const away = (text) => h("span", { class: "away", text });

function grouped(capabilities) {
  const groups = new Map();
  for (const one of capabilities) {
    const name = one.group ?? "other";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(one);
  }
  return [...groups].sort(([a], [b]) => rank(a) - rank(b));
}

export class Board {
  #rows = new Map();
  #here = null;

  // `compact` leaves out who serves and how often; `wall` is read from afar and has nothing to follow.
  constructor({ compact = false, wall = false } = {}) {
    this.wall = wall;
    this.form = wall ? "wall" : compact ? "compact" : "full";
    this.element = h("div", { class: "board", data: { form: this.form } });
    this.element.append(...[...GROUPS.values()].map(([title, rows]) =>
      h("section", { class: "group waiting", "aria-hidden": "true" }, h("h3", { text: title }),
        h("ul", null, Array.from({ length: rows }, () => h("li", null, h("span", { class: "cap" })))))));
    if (wall) return;
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("focusin", (event) => this.#stop(event.target.closest(".cap")));
  }

  // `words` name the states in a history; `facts` may give {to_at, bucket_s} of the bars and `titles`,
  // a map from the name of a source to its title.
  set(capabilities, words, { to_at = NaN, bucket_s = 60, titles = new Map() } = {}) {
    this.facts = { words: words ?? [], to_at, bucket_s, titles };
    for (const one of this.element.querySelectorAll(".waiting")) one.remove();
    each(this.element, grouped(capabilities), ([name]) => name, ([name]) => this.#group(name), (section, [, members]) =>
      each(section.lastElementChild, members, (one) => one.name, (one) => this.#row(one), (line, one) => this.#fill(line, one)));
    const names = new Set(capabilities.map((one) => one.name));
    for (const name of this.#rows.keys()) if (!names.has(name)) this.#rows.delete(name);
    if (!this.wall && !(this.#here && isShown(this.#here))) this.#stop([...this.element.querySelectorAll(".cap")].find(isShown));
  }

  #group(name) {
    const title = GROUPS.get(name)?.[0] ?? capital(words(name));
    return h("section", { class: "group", "aria-label": title }, h("h3", { text: title }), h("ul"));
  }

  #row(one) {
    const parts = {
      mark: shape("unknown"), title: h("b"), serving: h("small"), word: h("span", { class: "word" }),
      left: h("span", { class: "left" }), bars: new Bars(), rate: h("span", { class: "rate" }),
    };
    // The row is the stop and says what the bars show; they answer to the pointer alone.
    for (const name of ["tabindex", "role"]) parts.bars.element.removeAttribute(name);
    parts.bars.element.setAttribute("aria-hidden", "true");
    parts.link = h(this.wall ? "span" : "a", { class: "cap", tabindex: this.wall ? null : -1 },
      parts.mark, h("span", { class: "name" }, parts.title, parts.serving), parts.left, parts.bars.element, parts.word, parts.rate);
    if (!this.wall) parts.link.href = new URL(`explain?capability=${encodeURIComponent(one.name)}`, root).href;
    this.#rows.set(one.name, parts);
    return h("li", { data: { key: one.name } }, parts.link);
  }

  #fill(line, one) {
    const parts = this.#rows.get(one.name);
    const state = stateOf(one.status);
    // Green is for what was asked: without a call it is known only that somebody could be.
    const idle = state.key === "healthy" && typeof one.asked === "string" && !one.asked.includes("1");
    const drawn = `${state.key} ${idle}`;
    if (line.dataset.drawn !== drawn) {
      Object.assign(line.dataset, { drawn, state: state.key, idle });
      const mark = shape(state.key);
      parts.mark.replaceWith(mark);
      parts.mark = mark;
    }
    const calm = state.key === "healthy";
    setText(parts.title, titleOf(one));
    setText(parts.word, idle ? "ready, not asked lately" : (SAID[state.key] ?? state.word));
    parts.word.classList.toggle("away", calm);
    this.#counts(parts.left, one);
    const serving = (one.serving ?? []).map((name) => this.facts.titles.get(name) ?? name);
    const since = !calm && Number.isFinite(one.since) ? `since ${when(one.since, { seconds: false })}` : "";
    // Where nobody serves, since when is what is asked.
    setText(parts.serving, !serving.length ? since : serving.length > 1 ? `${serving[0]} +${serving.length - 1}` : serving[0]);
    setText(parts.rate, one.requests_per_min > 0 ? `${number(one.requests_per_min)}/min` : "");
    setAttribute(parts.rate, "title", Number.isFinite(one.requests_per_min) ? `${number(one.requests_per_min)} requests a minute, ${number(one.failures_per_min)} failed` : null);
    setAttribute(parts.link, "title", `${one.name}: ${number(one.usable)} of ${number(one.enabled)} sources can be asked${since ? `, ${SAID[state.key]} ${since}` : ""}${serving.length ? `; ${serving.join(", ")} answered lately` : ""}`);
    this.#history(parts.bars, one);
  }

  #counts(cell, one) {
    const text = `${number(one.usable)}/${number(one.enabled)}`;
    if (cell.dataset.text === text) return;
    cell.dataset.text = text;
    cell.replaceChildren(number(one.usable), h("span", { "aria-hidden": "true", text: "/" }), away(" of "), number(one.enabled), away(" sources usable "));
  }

  #history(bars, one) {
    const { words: names, to_at: to, bucket_s: step } = this.facts;
    const buckets = (one.history ?? []).map((value) => (value === null ? null : (names[value] ?? "unknown")));
    bars.set({ buckets, asked: one.asked, from: to - buckets.length * step * 1000, step: step * 1000, summary: titleOf(one), href: this.wall ? null : new URL(`incidents?capability=${encodeURIComponent(one.name)}`, root).href });
  }

  // One stop for the Tab key: the row that was looked at last.
  #stop(link) {
    if (!link || link === this.#here) return;
    this.#here?.setAttribute("tabindex", -1);
    link.setAttribute("tabindex", 0);
    this.#here = link;
  }

  // Up and down go from row to row, left and right from group to group.
  #key(event) {
    const from = event.target.closest(".cap");
    if (!from || !ARROWS.has(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const groups = [...this.element.children].map((section) => [...section.querySelectorAll(".cap")].filter(isShown)).filter((links) => links.length);
    const all = groups.flat();
    const group = groups.findIndex((links) => links.includes(from));
    const beside = (to) => groups[to]?.[Math.min(groups[to].length - 1, groups[group].indexOf(from))];
    const next = {
      ArrowUp: all[all.indexOf(from) - 1], ArrowDown: all[all.indexOf(from) + 1],
      ArrowLeft: beside(group - 1), ArrowRight: beside(group + 1), Home: all[0], End: all.at(-1),
    }[event.key];
    next?.focus();
  }
}
