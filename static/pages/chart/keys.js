// The keys of the chart, while it has the focus; `?` lists them.
import { $, h } from "../../shared/js/dom.js";

const PAN = 0.1;

// `actions`: what the keys do, by name. The list is written from the same table that is acted on.
export function keys(stage, actions) {
  const table = [
    ["←  →", "A tenth of the window back and forth; with Shift a whole window", { ArrowLeft: (big) => actions.pan(big ? -0.9 : -PAN), ArrowRight: (big) => actions.pan(big ? 0.9 : PAN) }],
    ["+  −", "Fewer candles, more candles", { "+": () => actions.zoom(0.8), "=": () => actions.zoom(0.8), "-": () => actions.zoom(1.25), "−": () => actions.zoom(1.25) }],
    ["Home  End", "The oldest candle, now", { Home: () => actions.oldest(), End: () => actions.now() }],
    [",  .", "The cursor one candle back and forth", { ",": () => actions.step(-1), ".": () => actions.step(1) }],
    ["Escape", "The cursor away", { Escape: () => actions.unpoint() }],
    ["l  p  a", "Logarithmic scale, percent scale, automatic height", { l: () => actions.scale("log"), p: () => actions.scale("percent"), a: () => actions.auto() }],
    ["0", "All candles that are loaded", { 0: () => actions.fit() }],
    ["f", "Full screen", { f: () => actions.full() }],
    ["i  t", "Add an indicator, the data table", { i: () => actions.add(), t: () => actions.table() }],
    ["?", "This list", { "?": () => $("#help").showModal() }],
  ];
  const handlers = Object.assign({}, ...table.map(([, , acts]) => acts));
  stage.addEventListener("keydown", (event) => {
    const act = handlers[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(event.shiftKey);
  });
  $("#keys").append(...table.map(([names, told]) => h("div", null, h("dt", null, names.split("  ").map((name) => h("kbd", { text: name }))), h("dd", { text: told }))));
  $("#show-keys").addEventListener("click", () => $("#help").showModal());
  $("#hide-keys").addEventListener("click", () => $("#help").close());
}
