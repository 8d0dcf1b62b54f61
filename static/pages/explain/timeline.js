// Attempts on one axis of time, from when the first began.
import { h } from "../../shared/js/dom.js";
import { ms } from "../../shared/js/format.js";
import { failure } from "../../shared/js/codes.js";
import { titleOf } from "./names.js";

export function timeline(attempts, elapsed) {
  if (!attempts.length) return [];
  const begins = attempts.map((one) => one.started_at);
  const zero = begins.every(Number.isFinite) ? Math.min(...begins) : null;
  let sum = 0;
  const placed = attempts.map((one) => {
    const from = zero === null ? sum : one.started_at - zero;
    sum += one.elapsed_ms ?? 0;
    return { ...one, from, to: from + (one.elapsed_ms ?? 0) };
  });
  const end = Math.max(elapsed ?? 0, ...placed.map((one) => one.to), 0.1);
  return [h("h3", { text: "Time line" }), h("div", { class: "line", role: "group", "aria-label": "Attempts over time" },
    placed.map((one) => lane(one, end)),
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", { text: "0 ms" }), h("span", { text: ms(end) })))];
}

function lane(one, end) {
  const outcome = one.outcome === "ok" ? "ok" : one.outcome === "failed" ? "failed" : "other";
  const piece = h("span", { class: "piece" });
  piece.style.left = `${(100 * one.from) / end}%`;
  piece.style.width = `${(100 * (one.to - one.from)) / end}%`;
  const said = h("span", { class: "said", text: `${outcome === "ok" ? "answered" : failure(one)}, ${ms(one.elapsed_ms)}` });
  if (one.to / end < 0.6) said.style.left = `${(100 * one.to) / end}%`;
  else if (one.from / end > 0.4) said.style.right = `${100 - (100 * one.from) / end}%`;
  else {
    said.classList.add("inside");
    said.style.right = `${100 - (100 * one.to) / end}%`;
  }
  return h("div", { class: "lane", data: { outcome } }, h("span", { class: "name", text: titleOf(one.provider), title: one.provider }), h("span", { class: "rail" }, piece, said));
}
