// A small line of one or two series; what is not known is a gap.
import { s, setAttribute } from "../js/dom.js";

const WIDE = 300;
const TALL = 60;

export class Spark {
  constructor(label) {
    this.element = s("svg", { class: "spark", viewBox: `0 0 ${WIDE} ${TALL + 2}`, preserveAspectRatio: "none", role: "img", "aria-label": label });
    this.drawn = "";
  }

  // Each series is scaled to its own highest value, at least `least`.
  set(series, label) {
    setAttribute(this.element, "aria-label", label);
    const pattern = JSON.stringify(series.map((one) => one.values));
    if (pattern === this.drawn) return;
    this.drawn = pattern;
    const parts = [];
    series.forEach(({ values, least }, order) => {
      const top = Math.max(least, ...values.filter((value) => Number.isFinite(value)));
      const x = (at) => ((at / Math.max(1, values.length - 1)) * WIDE).toFixed(1);
      const y = (value) => (TALL + 1 - (value / top) * TALL).toFixed(1);
      for (const run of runs(values)) {
        const line = run.map(({ value, at }) => `${x(at)} ${y(value)}`).join("L");
        if (order === 0) parts.push(s("path", { class: "area", d: `M${x(run[0].at)} ${TALL + 1}L${line}L${x(run.at(-1).at)} ${TALL + 1}Z` }));
        parts.push(s("path", { class: order === 0 ? "stroke" : "stroke second", d: `M${line}${run.length === 1 ? "h1" : ""}` }));
      }
    });
    this.element.replaceChildren(...parts);
  }
}

function runs(values) {
  const found = [];
  let open = null;
  values.forEach((value, at) => {
    if (!Number.isFinite(value)) open = null;
    else if (open) open.push({ value, at });
    else found.push((open = [{ value, at }]));
  });
  return found;
}
