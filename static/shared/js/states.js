// The states of things, each a colour, a shape and a word.
import { h, s, setText, setAttribute } from "./dom.js";
import { NONE } from "./format.js";

// From bad to good: how lists are sorted.
export const ORDER = ["offline", "degraded", "unknown", "healthy", "disabled"];

const SAME = { online: "healthy", ok: "healthy" };

// The state as the pages know it; `raw` stays for the tooltip where it is a word they do not know.
export function stateOf(raw) {
  if (raw === null || raw === undefined) return { key: "unknown", word: NONE, raw: "not reported" };
  const word = String(raw).toLowerCase();
  const key = SAME[word] ?? word;
  if (ORDER.includes(key)) return { key, word, raw: null };
  return { key: "unknown", word: "unknown", raw: String(raw) };
}

const PARTS = {
  healthy: () => [s("circle", { class: "fill", cx: 6, cy: 6, r: 5 })],
  degraded: () => [s("path", { class: "fill", d: "M6 .8 11.6 11H.4Z" })],
  offline: () => [
    s("rect", { class: "fill", x: 0.7, y: 0.7, width: 10.6, height: 10.6, rx: 1.6 }),
    s("path", { class: "cut", d: "m3.6 3.6 4.8 4.8m0-4.8L3.6 8.4" }),
  ],
  unknown: () => [s("path", { class: "hollow", d: "M6 1 11 6 6 11 1 6Z" })],
  disabled: () => [s("circle", { class: "hollow", cx: 6, cy: 6, r: 4.8 }), s("path", { class: "hollow", d: "M3 6h6" })],
};

export function shape(key) {
  return s("svg", { class: "shape", viewBox: "0 0 12 12", "aria-hidden": "true", data: { shape: key } }, PARTS[key]());
}

export const badge = (raw) => setBadge(h("span", { class: "state" }, h("span", { class: "word" })), raw);

export function setBadge(element, raw, reason) {
  const state = stateOf(raw);
  if (element.dataset.state !== state.key || !element.firstElementChild?.matches("svg")) {
    element.querySelector("svg")?.remove();
    element.prepend(shape(state.key));
    element.dataset.state = state.key;
  }
  setText(element.querySelector(".word"), state.word);
  setAttribute(element, "title", state.raw ? `reported as ${state.raw}` : (reason ?? null));
  return element;
}

export const severity = (raw) => ORDER.indexOf(stateOf(raw).key);
