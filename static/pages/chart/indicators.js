// The catalogue of indicators, what is shown of it, and the form of their parameters.
import { $, each, h, setText } from "../../shared/js/dom.js";
import { get } from "../../shared/js/api.js";
import { NONE, price } from "../../shared/js/format.js";
import { colour } from "./view.js";

// `rsi;period=7` in the address, and back.
export const encode = (one) => [one.name, ...Object.entries(one.parameters).map(([name, value]) => `${name}=${value}`)].join(";");

export function decode(text) {
  const [name, ...rest] = text.split(";");
  return { name, parameters: Object.fromEntries(rest.map((pair) => pair.split("=", 2)).filter(([key, value]) => key && value)) };
}

export class Indicators {
  // `onChange(shown)` is called when the set or a parameter changed.
  constructor(onChange) {
    this.onChange = onChange;
    this.catalogue = new Map();
    this.shown = [];
    this.count = 0;
    this.picker = $("#picker");
    this.tuner = $("#tuner");
    $("#add").addEventListener("click", () => {
      this.picker.showModal();
      $("#search").focus();
    });
    $("#close").addEventListener("click", () => this.picker.close());
    $("#leave").addEventListener("click", () => this.tuner.close());
    $("#search").addEventListener("input", () => this.#list());
    $("#tune").addEventListener("submit", (event) => this.#tuned(event));
  }

  async load() {
    const { indicators } = await get("api/indicators");
    this.catalogue = new Map(indicators.map((info) => [info.name, info]));
    this.#list();
  }

  restore(texts) {
    for (const text of texts) {
      const wanted = decode(text);
      if (this.catalogue.has(wanted.name)) this.#push(wanted.name, wanted.parameters);
    }
    this.#chips();
  }

  // What became of one: its newest values, or what is wrong.
  told(one, { latest, problem }) {
    one.problem = problem ?? null;
    one.latest = latest ?? null;
    this.#chips();
  }

  #push(name, parameters) {
    const taken = new Set(this.shown.map((one) => one.at));
    let at = 0;
    while (taken.has(at)) at += 1;
    this.count += 1;
    this.shown.push({ key: `${name}-${this.count}`, name, parameters, info: this.catalogue.get(name), at, latest: null, problem: null });
  }

  #list() {
    const wanted = $("#search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const text = (info) => `${info.name} ${info.title} ${info.group} ${info.formula ?? ""}`.toLowerCase();
    const found = [...this.catalogue.values()].filter((info) => wanted.every((word) => text(info).includes(word)));
    const exact = (info) => (wanted.length && (info.name === wanted.join("-") || info.name.startsWith(wanted[0])) ? 0 : 1);
    setText($("#found"), `${found.length} of ${this.catalogue.size}`);
    const groups = Map.groupBy ? Map.groupBy(found, (info) => info.group) : groupBy(found);
    const parts = [];
    for (const [group, members] of [...groups].sort((a, b) => Math.min(...a[1].map(exact)) - Math.min(...b[1].map(exact)) || a[0].localeCompare(b[0]))) {
      parts.push(h("li", { class: "group", text: group }));
      for (const info of members.sort((a, b) => exact(a) - exact(b) || a.title.localeCompare(b.title))) {
        parts.push(h("li", null, h("button", { type: "button", onclick: () => this.#choose(info) },
          h("b", { text: info.title }), h("code", { text: info.name }), h("span", { class: "formula", text: info.formula ?? "" }))));
      }
    }
    $("#catalogue").replaceChildren(...parts);
  }

  #choose(info) {
    this.#push(info.name, {});
    this.picker.close();
    this.#chips();
    this.onChange();
  }

  #chips() {
    each($("#chips"), this.shown, (one) => one.key,
      (one) => h("li", { class: "chip" }, h("i", { "aria-hidden": "true" }),
        h("button", { type: "button", onclick: () => this.#tune(one) }),
        h("span", { class: "value" }),
        h("button", { type: "button", "aria-label": `Remove ${one.info.title}`, onclick: () => this.#drop(one) }, "✕")),
      (chip, one) => {
        chip.children[0].style.background = colour(one.at);
        const set = one.info.parameters.filter((parameter) => parameter.type !== "choice" || one.parameters[parameter.name])
          .map((parameter) => one.parameters[parameter.name] ?? parameter.default);
        setText(chip.children[1], `${one.name}${set.length ? ` (${set.join(", ")})` : ""}`);
        chip.children[1].setAttribute("aria-label", `${one.info.title}, change parameters`);
        const latest = Object.values(one.latest ?? {}).filter((value) => typeof value === "number");
        setText(chip.children[2], one.problem ? one.problem.title : latest.length ? latest.slice(0, 3).map(price).join(" · ") : NONE);
        chip.toggleAttribute("data-wrong", one.problem !== null);
        chip.title = one.problem ? `${one.problem.detail || one.problem.title} ${one.problem.requestId ?? ""}`.trim() : (one.info.formula ?? "");
      });
  }

  #drop(one) {
    this.shown = this.shown.filter((other) => other !== one);
    this.#chips();
    this.onChange(one.key);
    $("#add").focus();
  }

  #tune(one) {
    this.tuned = one;
    setText($("#tuner-title"), one.info.title);
    setText($("#formula"), `${one.info.formula ?? ""}. Source: ${one.info.source ?? NONE}. Needs ${one.info.minimum_candles} candles.`);
    setText($("#wrong"), one.info.parameters.length ? "" : "It has no parameters.");
    $("#parameters").replaceChildren(...one.info.parameters.map((parameter) => {
      const value = one.parameters[parameter.name] ?? parameter.default;
      const attributes = { class: "field", name: parameter.name };
      const input = parameter.type === "choice"
        ? h("select", attributes, parameter.choices.map((choice) => h("option", { value: choice, text: choice, selected: choice === value })))
        : h("input", { ...attributes, type: "number", value, min: parameter.minimum, max: parameter.maximum, step: parameter.type === "integer" ? 1 : "any", required: true });
      return h("label", { class: "labelled", title: parameter.description ?? "" }, `${parameter.description || parameter.name}`, input);
    }));
    this.tuner.showModal();
  }

  #tuned(event) {
    event.preventDefault();
    const one = this.tuned;
    const values = {};
    for (const parameter of one.info.parameters) {
      const { value } = event.target.elements[parameter.name];
      if (String(parameter.default) !== value) values[parameter.name] = value;
    }
    one.parameters = values;
    this.tuner.close();
    this.#chips();
    this.onChange(one.key);
  }
}

function groupBy(infos) {
  const groups = new Map();
  for (const info of infos) groups.set(info.group, [...(groups.get(info.group) ?? []), info]);
  return groups;
}
