// The parameters of one indicator, in a small dialog beside its chip.
import { $, h, setText } from "../../shared/js/dom.js";
import { NONE } from "../../shared/js/format.js";
import { parameterLabel } from "./figures.js";

const EDGE_PX = 12;

export class Tuner {
  // `onApply(one, parameters)` with those that differ from what is usual.
  constructor({ onApply, onDrop }) {
    Object.assign(this, { onApply, onDrop });
    this.dialog = $("#tuner");
    $("#leave").addEventListener("click", () => this.dialog.close());
    $("#drop").addEventListener("click", () => {
      this.dialog.close();
      this.onDrop(this.one);
    });
    $("#usual").addEventListener("click", () => this.#fill({}));
    $("#tune").addEventListener("submit", (event) => this.#apply(event));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  open(one, anchor) {
    this.one = one;
    const { info } = one;
    setText($("#tuner-title"), info.title);
    setText($("#formula"), `${info.formula ?? info.summary ?? ""}. Needs ${info.minimum_candles} candles. Source: ${info.source ?? NONE}.`);
    setText($("#wrong"), one.problem ? `${one.problem.title}: ${one.problem.detail ?? ""}` : "");
    $("#usual").hidden = info.parameters.length === 0;
    $("#apply").hidden = info.parameters.length === 0;
    this.#fill(one.parameters);
    this.dialog.showModal();
    const box = anchor.getBoundingClientRect();
    const size = this.dialog.getBoundingClientRect();
    this.dialog.style.left = `${Math.max(EDGE_PX, Math.min(innerWidth - size.width - EDGE_PX, box.left))}px`;
    this.dialog.style.top = `${Math.max(EDGE_PX, Math.min(innerHeight - size.height - EDGE_PX, box.bottom + 6))}px`;
    $("#parameters").querySelector(".field")?.focus();
  }

  #fill(set) {
    const { parameters } = this.one.info;
    $("#parameters").replaceChildren(...(parameters.length ? [] : [h("p", { class: "note", text: "It has no parameters." })]), ...parameters.map((parameter) => {
      const value = set[parameter.name] ?? parameter.default;
      const attributes = { class: "field", name: parameter.name };
      const input = parameter.type === "choice"
        ? h("select", attributes, parameter.choices.map((choice) => h("option", { value: choice, text: choice, selected: choice === value })))
        : h("input", { ...attributes, type: "number", value, min: parameter.minimum, max: parameter.maximum, step: parameter.type === "integer" ? 1 : "any", required: true });
      return h("label", { class: "labelled" }, parameterLabel(parameter, parameters), input);
    }));
  }

  #apply(event) {
    event.preventDefault();
    const values = {};
    for (const parameter of this.one.info.parameters) {
      const { value } = event.target.elements[parameter.name];
      if (String(parameter.default) !== value) values[parameter.name] = value;
    }
    this.dialog.close();
    this.onApply(this.one, values);
  }
}
