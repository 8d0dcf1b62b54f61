// The table of pairs: price, change over 24 hours, the line of that day, and who said it.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { root } from "../../shared/js/api.js";
import { NONE } from "../../shared/js/format.js";
import { compact, price, signed } from "../../shared/js/money.js";
import { setSince, since } from "../../shared/js/time.js";
import { DayLine } from "./line.js";
import { shownOf } from "./provenance.js";

const COLUMNS = [
  ["pair", "Pair"], ["last num", "Last"], ["change num", ["24 h", h("span", { class: "wide", text: " change" })]], ["day", [h("span", { class: "wide", text: "24 h " }), "line"]],
  ["high num extra", "24 h high"], ["low num extra", "24 h low"], ["volume num extra", "24 h volume"], ["source extra", "Source"], ["end", ""],
];
const chartOf = (pair) => new URL(`chart?symbol=${encodeURIComponent(pair)}`, root).href;

export class Markets {
  // `remove(pair)` is called by a row's button.
  constructor(table, remove) {
    this.remove = remove;
    this.known = new Map();
    this.moved = new Map();
    this.undrawn = new Set();
    table.append(h("thead", null, h("tr", null, COLUMNS.map(([name, title]) =>
      h("th", { scope: "col", class: name }, title.length ? title : h("span", { class: "away", text: "Remove" }))))));
    this.body = table.appendChild(h("tbody"));
    // The whole row leads to its chart; its link is what the keyboard and a screen reader follow.
    this.body.addEventListener("click", (event) => {
      if (event.target.closest("a, button") || String(getSelection())) return;
      event.target.closest("tr")?.querySelector("a")?.click();
    });
  }

  // A row for each pair at once; what an earlier answer said of it stays.
  choose(pairs) {
    each(this.body, pairs, (pair) => pair, (pair) => this.#row(pair), (line, pair) => {
      line.parts.remove.hidden = pairs.length < 2;
      const known = this.known.get(pair);
      if (known) fill(line, known);
    });
  }

  // What the stream told since an answer was fetched holds.
  set(answers, isFollowed = () => false) {
    for (const one of answers) {
      const moved = this.moved.get(one.pair);
      const isBehind = moved && !(one.meta?.fetched_at >= moved.meta.fetched_at);
      this.known.set(one.pair, isBehind && isFollowed(one.pair) ? { ...moved, spark: one.spark } : one);
    }
    this.choose(answers.map((one) => one.pair));
  }

  // What the stream tells of a pair. A figure that it does not tell is that of the same source's last answer.
  move(pair, data, { provider, received_at: at }, source) {
    const known = this.known.get(pair);
    if (!known) return;
    const before = known.meta?.provider === provider ? (known.data ?? {}) : {};
    const told = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, value ?? before[name] ?? null]));
    const moved = { ...known, data: told, meta: { provider, fetched_at: at, cache: "miss" }, source, error: null, last_known: null };
    this.moved.set(pair, moved);
    this.known.set(pair, moved);
    this.undrawn.add(pair);
  }

  // The rows that moved since the last time.
  draw() {
    for (const line of this.body.rows) if (this.undrawn.has(line.dataset.pair)) fill(line, this.known.get(line.dataset.pair));
    this.undrawn.clear();
  }

  // The focus goes where the row was.
  removed(at) {
    const rows = [...this.body.rows];
    rows[Math.min(at, rows.length - 1)]?.parts.remove.focus();
  }

  #row(pair) {
    const parts = {
      price: h("span"), age: since(NaN), problem: h("small", { class: "problem", hidden: true }), change: h("span", { class: "way" }), line: new DayLine(), link: h("a", { href: chartOf(pair), title: `Chart of ${pair}`, text: pair }),
      remove: h("button", { class: "button bare icon remove", type: "button", "aria-label": `Remove ${pair}`, title: `Remove ${pair}`,
        onclick: () => this.remove(pair, [...this.body.rows].indexOf(line)) }, h("span", { "aria-hidden": "true", text: "✕" })),
    };
    const cells = [
      h("th", { scope: "row", class: "pair" }, parts.link), h("td", { class: "last num" }, parts.price, parts.age, parts.problem), h("td", { class: "change num" }, parts.change),
      h("td", { class: "day" }, parts.line.element), ...["high num extra", "low num extra", "volume num extra", "source extra"].map((name) => h("td", { class: name }, h("span"))),
      h("td", { class: "end" }, parts.remove),
    ];
    parts.age.hidden = true;
    const line = h("tr", { data: { pair } }, cells);
    line.parts = parts;
    return line;
  }
}

function fill(line, one) {
  const shown = shownOf(one);
  const { data, meta } = shown ?? {};
  const { parts, cells } = line;
  const past = Boolean(shown?.past);
  line.toggleAttribute("data-past", past);
  line.toggleAttribute("data-never", !shown);
  setText(parts.price, price(data?.last));
  parts.age.hidden = !past;
  if (past) setSince(parts.age, meta.fetched_at);
  const change = data?.change_percent;
  const known = Number.isFinite(change);
  setText(parts.change, known ? `${change > 0 ? "▲ " : change < 0 ? "▼ " : ""}${signed(change)}` : NONE);
  const way = !known || change === 0 ? null : change > 0 ? "up" : "down";
  setAttribute(parts.change, "data-way", way);
  parts.line.set(one.spark, { pair: one.pair, open: past ? null : data?.open, way });
  const quote = one.pair.split("/")[1] ?? "";
  const texts = [price(data?.high), price(data?.low), Number.isFinite(data?.volume_quote) ? `${compact(data.volume_quote)} ${quote}` : NONE, shown?.source ?? NONE];
  texts.forEach((text, at) => setText(cells[4 + at].firstChild, text));
  const why = one.error ? `${one.error.title}. ${one.error.detail ?? ""}`.trim() : null;
  setAttribute(cells[7].firstChild, "title", why ?? (meta ? meta.provider : null));
  setAttribute(cells[1], "title", why);
  const unknown = one.error?.status === 404 || one.error?.status === 400;
  setText(parts.problem, unknown ? one.error.title : "");
  parts.problem.hidden = !unknown;
}
