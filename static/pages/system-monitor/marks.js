// The small signs of what happened: drawn, not coloured grounds, so that they survive forced colours.
import { s } from "../../shared/js/dom.js";

const SIGNS = {
  ok: () => [s("circle", { class: "ink", cx: 6, cy: 6, r: 4.6 })],
  failed: () => [s("path", { class: "pen", d: "m2 2 8 8m0-8-8 8" })],
  retry: () => [s("path", { class: "ink", d: "M.8 6 11 .8v10.4z" })],
  cached: () => [s("circle", { class: "pen", cx: 6, cy: 6, r: 4 })],
  refresh: () => [s("circle", { class: "pen dash", cx: 6, cy: 6, r: 4 })],
  part: () => [s("path", { class: "ink", d: "M6 1.4a4.6 4.6 0 0 1 0 9.2z" }), s("circle", { class: "pen", cx: 6, cy: 6, r: 4.4 })],
  change: () => [s("path", { class: "pen", d: "m1.8 6.4 2.9 2.9 5.5-6" })],
  config: () => [s("rect", { class: "pen", x: 1.6, y: 1.6, width: 8.8, height: 8.8, rx: 1.6 })],
};

export function mark(look) {
  const known = look in SIGNS ? look : "change";
  return s("svg", { class: "sign", viewBox: "0 0 12 12", "aria-hidden": "true", data: { look: known } }, SIGNS[known]());
}
