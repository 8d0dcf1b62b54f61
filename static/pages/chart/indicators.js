// Which indicators are shown, with which parameters, and their chips: name, values at the cursor, remove.
import { $, each, h, setText } from "../../shared/js/dom.js";
import { figure, outputName, reach } from "./figures.js";
import { colour, places } from "./palette.js";
import { indexAt, joined } from "./points.js";
import { decode, encode } from "./source.js";

// The values of an answer, or of an event, as rows: the time, then each output.
export function rowsOf({ info }, { timestamps, values }) {
  const names = info.outputs.map((output) => output.name);
  return timestamps.map((time, at) => [time, ...names.map((name) => values[name]?.[at] ?? null)]);
}

export class Indicators {
  // `onChange()` when the set or a parameter changed; `onTune(one, chip)` when one's name is pressed.
  constructor({ onChange, onTune, digits }) {
    Object.assign(this, { onChange, onTune, digits });
    this.catalogue = new Map();
    this.shown = [];
    this.count = 0;
  }

  get text() {
    return this.shown.map(encode).join(",");
  }

  // What the address says. Ones that are shown the same way already stay; unknown names are given back.
  restore(text) {
    const wanted = text.split(",").filter(Boolean).map(decode);
    const kept = [...this.shown];
    const unknown = [];
    this.shown = [];
    for (const { name, parameters } of wanted) {
      const same = kept.findIndex((one) => encode(one) === encode({ name, parameters }));
      if (same >= 0) this.shown.push(...kept.splice(same, 1));
      else if (this.catalogue.has(name)) this.#push(name, parameters);
      else unknown.push(name);
    }
    this.chips();
    return unknown;
  }

  add(name) {
    const one = this.#push(name, {});
    this.chips();
    this.onChange();
    return one;
  }

  tune(one, parameters) {
    Object.assign(one, { parameters, rows: [], moved: null, isFollowed: false });
    this.chips();
    this.onChange();
  }

  drop(one) {
    this.shown = this.shown.filter((other) => other !== one);
    this.chips();
    this.onChange();
    $("#add").focus();
  }

  clear() {
    for (const one of this.shown) Object.assign(one, { rows: [], problem: null, moved: null, isFollowed: false });
    this.chips();
  }

  // What came of one, from the market's oldest candle on: the axis holds the market's times alone.
  take(one, part, first) {
    one.problem = part.error ? part.error : null;
    const data = part.data ?? part.last_known?.data;
    if (!data) return;
    one.rows = joined(one.rows, rowsOf(one, data)).filter((row) => row[0] >= first);
    // An answer may be some seconds old; what the stream told since then holds.
    if (one.moved && part.meta?.fetched_at < one.moved.at) one.rows = joined(one.rows, one.moved.rows);
    one.digits = reach(one.rows.flatMap((row) => row.slice(1)));
  }

  // The newest values as the stream tells them; `at` is when it did.
  move(one, rows, at) {
    one.problem = null;
    one.rows = joined(one.rows, rows);
    one.moved = { rows: joined(one.moved?.rows ?? [], rows).slice(-2), at };
    one.digits = reach(one.rows.flatMap((row) => row.slice(1)));
  }

  #push(name, parameters) {
    const info = this.catalogue.get(name);
    const held = this.shown.flatMap((one) => one.colours);
    this.count += 1;
    const one = { key: `${name}-${this.count}`, name, parameters, info, colours: places(info.outputs, held), rows: [], digits: 2, problem: null, moved: null, isFollowed: false };
    this.shown.push(one);
    return one;
  }

  // Over the price the digits are the market's.
  #digits(one) {
    return one.info.pane === "own" ? one.digits : this.digits();
  }

  // The chips, with the values at `at` (Unix ms), or the newest.
  chips(at = null) {
    each($("#chips"), this.shown, (one) => one.key, (one) => this.#make(one), (chip, one) => {
      const set = one.info.parameters.filter((parameter) => parameter.type !== "choice" || one.parameters[parameter.name] !== undefined)
        .map((parameter) => one.parameters[parameter.name] ?? parameter.default);
      const [name, values] = chip.children;
      const shown = [one.name, ...set].join(" ");
      setText(name, shown);
      // It begins with what is seen, so that a person can say it to a voice control.
      name.setAttribute("aria-label", `${shown}, ${one.info.title}, change parameters`);
      const index = at === null ? one.rows.length - 1 : indexAt(one.rows, at);
      const row = one.rows[index] && (at === null || one.rows[index][0] === at) ? one.rows[index] : null;
      const several = one.info.outputs.length > 1;
      [...values.children].forEach((element, order) => {
        element.style.color = colour(one.colours[order]);
        const known = one.problem === null || row !== null;
        const [output, value] = element.children;
        setText(output, known && several ? `${outputName(one.info.outputs[order].name)} ` : "");
        setText(value, known ? figure(row?.[order + 1], this.#digits(one)) : order === 0 ? one.problem.title : "");
      });
      chip.toggleAttribute("data-wrong", one.problem !== null);
      chip.title = one.problem ? `${one.problem.title}: ${one.problem.detail ?? ""} ${one.problem.request_id ?? ""}`.trim() : one.info.title;
    });
  }

  #make(one) {
    const name = h("button", { type: "button", class: "name", "aria-haspopup": "dialog", onclick: () => this.onTune(one, name) });
    return h("li", { class: "chip", data: { key: one.key, pane: one.info.pane } }, name,
      h("span", { class: "values" }, one.info.outputs.map(() => h("span", null, h("span", { class: "output" }), h("span")))),
      h("button", { type: "button", class: "drop", "aria-label": `Remove ${one.info.title}`, onclick: () => this.drop(one) }, "✕"));
  }
}
