// The table of sources in order: what happened to each, and why.
import { $, h, setText } from "../../shared/js/dom.js";
import { root } from "../../shared/js/api.js";
import { NONE, ms, number } from "../../shared/js/format.js";
import { badge } from "../../shared/js/states.js";
import { since, until } from "../../shared/js/time.js";
import { titled } from "./names.js";
import { why } from "./order.js";
import { sourceLink } from "./sentence.js";

// Rows of sources that were not needed, shown at first.
const SPARE = 3;
const HEADS = ["#", "Source", "What happened", "Why", "State", "Priority", "Latency", "Next try"];
const NUMERIC = new Set([0, 5, 6]);
const KEY = /^([A-Z][A-Z0-9_]+) not set$/;

function verdict(one, { past, cached }) {
  if (one.attempt?.outcome === "ok") return ["answered", "ok"];
  if (one.attempt) return [one.reason === "cut_short" ? "overtaken" : "asked, failed", one.reason === "cut_short" ? null : "bad"];
  if (one.verdict === "chosen") return cached ? ["next, if asked", null] : [past ? "answered" : "would be asked", "ok"];
  if (one.verdict === "tried_failed") return ["asked, failed", "bad"];
  if (one.cannot) return ["cannot answer", null];
  if (!one.before) return ["not needed", null];
  return [`would ${past ? "have come" : "come"} ${one.first ? "first" : "before"}`, "warn"];
}

function detail(one) {
  const key = KEY.exec(one.detail ?? "");
  if (key) return h("div", { class: "note" }, h("a", { href: new URL(`config?q=${encodeURIComponent(key[1])}`, root).href, text: key[1] }), " is not set");
  if (one.attempt || one.reason === "told_to_wait") return null;
  return h("div", { class: "note", text: titled(one.detail) });
}

function row(one, at, told) {
  const [text, tone] = verdict(one, told);
  const score = one.score ?? {};
  const cells = [
    h("td", { class: "num", text: number(at + 1) }),
    h("th", { scope: "row", role: "rowheader" }, sourceLink(one.provider)),
    h("td", null, h("span", { class: "tag", data: { tone }, text })),
    h("td", { class: "wrap" }, h("div", null, h("strong", { text: why(one), title: one.attempt?.code ?? one.reason }), detail(one))),
    h("td", null, badge(score.state)),
    h("td", { class: "num", text: number(score.priority) }),
    h("td", { class: "num", text: ms(one.attempt?.elapsed_ms ?? score.latency_ms) }),
    h("td", null, Number.isFinite(one.retry_at) ? since(one.retry_at, until) : NONE),
  ];
  cells.forEach((cell, place) => {
    cell.dataset.label = HEADS[place];
    if (cell.textContent === NONE) cell.dataset.none = "";
    if (place !== 1) cell.setAttribute("role", "cell");
  });
  return h("tr", { role: "row", data: { verdict: one.attempt ? (one.attempt.outcome === "ok" ? "chosen" : "tried_failed") : told.cached && one.verdict === "chosen" ? "next" : one.verdict } }, cells);
}

// `cached`: an answer that is kept would be served, and nobody asked.
export function candidates(ordered, told) {
  const button = $("#more");
  const rows = ordered.map((one, at) => row(one, at, told));
  const needed = ordered.map((one) => Boolean(one.attempt || one.verdict !== "skipped" || one.before));
  const last = needed.lastIndexOf(true) + SPARE;
  const spare = rows.slice(last + 1);
  const fold = (closed) => {
    for (const line of spare) line.hidden = closed;
    button.setAttribute("aria-expanded", String(!closed));
    setText(button, closed ? `Show ${spare.length} more that were not needed` : "Show fewer");
  };
  // Few are shown at once: a button for one or two rows is no help.
  button.hidden = spare.length < SPARE;
  if (button.hidden) spare.length = 0;
  button.onclick = () => fold(button.getAttribute("aria-expanded") === "true");
  fold(true);
  $("#candidates").replaceChildren(h("caption", { class: "away", text: "Sources: those that were asked, then those that would have come first" }),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, HEADS.map((title, at) => h("th", { scope: "col", role: "columnheader", class: NUMERIC.has(at) ? "num" : null, text: title })))),
    h("tbody", { role: "rowgroup" }, rows));
}
