// The market's name, last price and change of a day, as the line over the chart shows them.
import { $, setText } from "../../shared/js/dom.js";
import { signed } from "../../shared/js/money.js";
import { figure } from "./figures.js";

export function named({ symbol, interval }) {
  setText($("#market-title"), symbol);
  setText($("#title-interval"), interval);
}

export function unpriced() {
  for (const id of ["last", "change", "window"]) setText($(`#${id}`), "");
}

// `change` is of 24 hours, in percent, where it is known. What both are in words is given back.
export function priced(last, change, digits) {
  const isKnown = typeof change === "number";
  const words = { last: figure(last, digits), change: isKnown ? signed(change) : "" };
  setText($("#last"), words.last);
  setText($("#change"), isKnown ? `${change > 0 ? "▲ " : change < 0 ? "▼ " : ""}${words.change}` : "");
  setText($("#window"), isKnown ? "24 h" : "");
  $("#change").dataset.way = change > 0 ? "up" : change < 0 ? "down" : "";
  return words;
}
