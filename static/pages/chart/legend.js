// What stands at the cursor: open, high, low, close, volume and the change from the close before.
import { $, setAttribute, setText } from "../../shared/js/dom.js";
import { compact, signed } from "../../shared/js/money.js";
import { figure } from "./figures.js";
import { indexAt } from "./points.js";

const NAMES = ["open", "high", "low", "close"];

export class Legend {
  constructor() {
    this.parts = Object.fromEntries([...NAMES, "volume", "delta"].map((name) => [name, $(`#at-${name}`)]));
  }

  // The candle at `at` (Unix ms), or the newest.
  show(rows, at, digits) {
    const index = at === null ? rows.length - 1 : indexAt(rows, at);
    const row = rows[index] && (at === null || rows[index][0] === at) ? rows[index] : null;
    $("#legend").hidden = rows.length === 0;
    NAMES.forEach((name, order) => setText(this.parts[name], figure(row?.[order + 1], digits)));
    setText(this.parts.volume, compact(row?.[5]));
    const before = row ? rows[index - 1]?.[4] : null;
    const change = row && before ? (row[4] / before - 1) * 100 : null;
    setText(this.parts.delta, signed(change));
    setAttribute($("#legend"), "data-way", row ? (row[4] >= row[1] ? "up" : "down") : null);
  }
}

// The chips of indicators in panes of their own stand in their pane's corner; the others under the legend.
export class Corners {
  constructor(stage) {
    this.stage = stage;
    this.watched = new Set();
    this.watch = new ResizeObserver(() => this.place());
    this.watch.observe(stage);
  }

  // `paneOf(key)` is a pane's element, or null.
  over(paneOf) {
    this.paneOf = paneOf;
    this.place();
    // The library makes the elements of new panes with its next frame.
    requestAnimationFrame(() => this.place());
  }

  place() {
    const { top } = this.stage.getBoundingClientRect();
    const seen = new Set();
    for (const chip of $("#chips").children) {
      const pane = this.paneOf?.(chip.dataset.key);
      chip.toggleAttribute("data-apart", Boolean(pane));
      chip.style.top = pane ? `${Math.round(pane.getBoundingClientRect().top - top + 4)}px` : "";
      if (!pane) continue;
      seen.add(pane);
      if (!this.watched.has(pane)) this.watch.observe(pane);
    }
    for (const pane of this.watched) if (!seen.has(pane)) this.watch.unobserve(pane);
    this.watched = seen;
  }
}
