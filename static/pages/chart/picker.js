// The catalogue of indicators: the common ones first, found by name, title or group; Enter adds the first.
import { $, h, setText } from "../../shared/js/dom.js";

const COMMON = ["sma", "ema", "bollinger-bands", "rsi", "macd", "stoch-rsi", "atr"];
const BARE = /^TA-Lib [A-Z0-9_]+$/;
const KINDS = {
  "Pattern Recognition": "Marks the candles at which this pattern ends", "Momentum Indicators": "How fast and which way the price moves",
  "Overlap Studies": "A smoothed course of the price", "Math Transform": "A function of each close", "Volume Indicators": "How much is traded as the price moves",
  "Math Operators": "Arithmetic over the last candles", "Statistic Functions": "Statistics of the last closes", "Volatility Indicators": "How far the price swings",
  "Price Transform": "One price made of a candle's four", "Cycle Indicators": "The rhythm in which the price turns",
};

export class Picker {
  // `onChoose(name)` once one is chosen; `load()` brings the catalogue, on first use.
  constructor({ load, onChoose }) {
    Object.assign(this, { load, onChoose });
    this.infos = [];
    this.dialog = $("#picker");
    $("#add").addEventListener("click", () => this.open());
    $("#close").addEventListener("click", () => this.dialog.close());
    $("#search").addEventListener("input", () => this.#list());
    $("#search").addEventListener("keydown", async (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      // Who writes faster than the catalogue comes is not asked to press again.
      await this.listed;
      if (this.found?.[0] && this.dialog.open) this.#choose(this.found[0]);
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  open() {
    $("#search").value = "";
    this.dialog.showModal();
    $("#search").focus();
    this.listed = this.#bring();
  }

  async #bring() {
    try {
      this.infos = [...(await this.load()).values()];
      this.#list();
    } catch (problem) {
      setText($("#found"), problem.title ?? "The catalogue cannot be read");
    }
  }

  #choose(info) {
    this.dialog.close();
    this.onChoose(info.name);
  }

  // 0 for the very name, then a name or title that begins with it, then the rest.
  #rank(info, wanted) {
    const text = wanted.join(" ");
    const names = [info.name, info.name.replaceAll("-", " "), info.title.toLowerCase()];
    if (names.includes(text)) return 0;
    return names.some((name) => name.startsWith(text)) ? 1 : names.some((name) => name.includes(text)) ? 2 : 3;
  }

  #list() {
    const wanted = $("#search").value.trim().toLowerCase().split(/[\s-]+/).filter(Boolean);
    const text = (info) => `${info.name} ${info.title} ${info.group} ${info.summary ?? ""}`.toLowerCase();
    const fits = this.infos.filter((info) => wanted.every((word) => text(info).includes(word)));
    const common = (info) => (COMMON.includes(info.name) ? COMMON.indexOf(info.name) : COMMON.length);
    const parts = [];
    if (wanted.length) {
      this.found = fits.sort((a, b) => this.#rank(a, wanted) - this.#rank(b, wanted) || common(a) - common(b) || a.title.localeCompare(b.title));
      parts.push(...this.found.map((info) => this.#line(info)));
    } else {
      const groups = [["Common", COMMON.map((name) => fits.find((info) => info.name === name)).filter(Boolean)]];
      for (const group of [...new Set(fits.map((info) => info.group))].sort()) {
        groups.push([group, fits.filter((info) => info.group === group).sort((a, b) => a.title.localeCompare(b.title))]);
      }
      this.found = groups.flatMap(([, members]) => members);
      for (const [group, members] of groups) parts.push(h("li", { class: "group", text: group }), ...members.map((info) => this.#line(info)));
    }
    setText($("#found"), wanted.length ? `${fits.length} of ${this.infos.length}${fits.length ? "; Enter adds the first" : ""}` : `${this.infos.length} indicators`);
    $("#catalogue").replaceChildren(...parts);
  }

  #line(info) {
    const told = info.summary && !BARE.test(info.summary) ? info.summary : (KINDS[info.group] ?? "");
    return h("li", null, h("button", { type: "button", onclick: () => this.#choose(info) },
      h("b", { text: info.title }), h("code", { text: info.name }),
      h("span", { class: "told", text: `${told}${told ? "; " : ""}${info.pane === "own" ? "in a pane of its own" : "over the price"}` })));
  }
}
