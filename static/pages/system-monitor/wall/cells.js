// One cell for each source: its name, its sign, its last hour. So many columns that all of them fit.
import { each, h, setText } from "../../../shared/js/dom.js";
import { ORDER, shape, stateOf } from "../../../shared/js/states.js";
import { Bars } from "../../../shared/components/bars.js";
import { CLIENT, SERVER } from "../network/layout.js";

// How much wider than tall a cell should be; how many times the height of its type it is at least wide, and tall.
const WIDE = 2.9;
const LEAST_WIDE = 12;
const LEAST_TALL = 1.5;

// What a name has in brackets is known to whoever set it up; a wall has no room for it.
const shortOf = (title) => title.replace(/ \(.*\)$/, "");

export class Cells {
  #bars = new WeakMap();

  constructor() {
    this.element = h("div", { class: "cells", role: "list", "aria-label": "Sources" });
    // A cell has room for a sign and no word: what the signs mean, with how many there are of each.
    this.key = h("ul", { class: "key-of-cells", "aria-label": "Sources by state" });
  }

  show(providers, { words, to_at: to, bucket_s: step }) {
    const ordered = [...providers].sort((a, b) => (a.title ?? a.name).localeCompare(b.title ?? b.name));
    const counts = ORDER.map((key) => ({ key, count: ordered.filter((one) => stateOf(one.state).key === key).length }));
    each(this.key, counts.filter(({ count }) => count), ({ key }) => key, ({ key }) => h("li", null, shape(key), h("span")), (item, { key, count }) => setText(item.lastChild, `${count} ${key}`));
    this.fit(ordered.length);
    each(this.element, ordered, (one) => one.name, (one) => this.#make(one), (cell, one) => {
      const state = stateOf(one.state);
      const idle = state.key === "healthy" && typeof one.asked === "string" && !one.asked.includes("1");
      const drawn = `${state.key} ${idle}`;
      if (cell.dataset.drawn !== drawn) {
        Object.assign(cell.dataset, { drawn, state: state.key, idle });
        cell.firstChild.firstChild.replaceWith(shape(state.key));
      }
      setText(cell.firstChild.children[1], shortOf(one.title ?? one.name));
      const buckets = (one.history ?? []).map((value) => (value === null ? null : (words[value] ?? "unknown")));
      this.#bars.get(cell).set({ buckets, asked: one.asked, from: to - buckets.length * step * 1000, step: step * 1000, summary: `${one.title ?? one.name}: ${state.word}${idle ? ", not asked lately" : ""}` });
    });
  }

  // The number of columns at which a cell comes nearest to its form.
  fit(count) {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!count || !width || !height) return;
    const type = parseFloat(getComputedStyle(this.element).fontSize);
    const most = Math.floor(width / (LEAST_WIDE * type));
    const fewest = Math.ceil(count / Math.max(1, Math.floor(height / (LEAST_TALL * type))));
    const columns = Math.max(1, fewest, Math.min(most, Math.round(Math.sqrt((count * width) / (height * WIDE)))));
    this.element.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.element.style.gridTemplateRows = `repeat(${Math.ceil(count / columns)}, minmax(0, 1fr))`;
  }

  // Where the network's nodes are: at the cells, the server and its clients in the lane left of them.
  layout(stage, providers) {
    const frame = stage.getBoundingClientRect();
    if (!frame.width || !this.element.firstChild) return null;
    const lane = (this.element.getBoundingClientRect().left - frame.left) / 2;
    const byName = new Map(providers.map((one) => [one.name, one]));
    const nodes = new Map([[CLIENT, { id: CLIENT, x: lane, y: frame.height * 0.9 }], [SERVER, { id: SERVER, x: lane, y: frame.height / 2 }]]);
    for (const cell of this.element.children) {
      const box = cell.getBoundingClientRect();
      const provider = byName.get(cell.dataset.name);
      if (provider && stateOf(provider.state).key !== "disabled") nodes.set(provider.name, { id: provider.name, provider, x: box.left - frame.left, y: box.top - frame.top + box.height / 2 });
    }
    return { nodes, heads: [], height: frame.height, bare: true };
  }

  #make(one) {
    const bars = new Bars({ still: true });
    const cell = h("div", { class: "cell", role: "listitem", data: { name: one.name } }, h("div", { class: "who" }, shape("unknown"), h("span")), bars.element);
    this.#bars.set(cell, bars);
    return cell;
  }
}
