// The monitor, from one answer: what can be answered first, the rest is loaded once that is shown.
import { script } from "../../shared/js/api.js";
import { $, h, setText } from "../../shared/js/dom.js";
import { Panel } from "../../shared/js/panel.js";
import { breath } from "../../shared/js/poll.js";
import { number } from "../../shared/js/format.js";
import { shell } from "../../shared/js/shell.js";
import { eachSecond } from "../../shared/js/time.js";
import { Board } from "../../shared/components/board.js";
import { Verdict } from "../../shared/components/verdict.js";
import { titles } from "../../shared/js/words.js";
import { Picture } from "./picture.js";

const SPANS = ["15m", "1h", "24h", "7d"];

const card = (name) => $(`[data-panel="${name}"]`);
const panels = Object.fromEntries([...document.querySelectorAll("[data-panel]")].map((element) =>
  [element.dataset.panel, new Panel(element, { retry: () => picture.now() })]));
const verdict = new Verdict();
const board = new Board();
$("#verdict").replaceWith(verdict.element);
panels.board.body.prepend(board.element);
// What is loaded later, and what came before.
let later = null;
let coming = null;
let newest = null;
let unseen = [];

const picture = new Picture({ show, happened, failed });

async function show(data, items) {
  verdict.set({ status: data.status, since: data.since, verdict: data.verdict, reason: data.reason });
  await breath();
  part("board", () => board.set(data.capabilities ?? [], data.bars.words, { ...data.bars, titles }));
  for (const panel of Object.values(panels)) panel.staleAfter = 3 * picture.poller.interval;
  newest = data;
  await breath();
  if (later) await later.show(data, items);
  else {
    unseen.push(...items);
    coming ??= load();
  }
  const late = `drawn ${number(picture.lag / 1000, 1)} s late`;
  const dropped = data.events?.dropped;
  setText($("#late"), dropped > 0 ? `${late} · +${number(dropped)} not drawn` : late);
}

function happened(items) {
  if (later) later.happened(items);
  else unseen.push(...items);
}

async function load() {
  try {
    const { Later } = await script(() => import("./later.js"));
    await breath();
    const made = new Later({ panels, part, picture, simulated: newest.simulated });
    await made.ready();
    await breath();
    later = made;
    await later.show(newest, unseen.splice(0));
  } catch (error) {
    coming = later = null;
    for (const [name, panel] of Object.entries(panels)) if (name !== "board") panel.error({ title: "A part of this page did not load", detail: error.message });
  }
}

// A part that cannot read its part of the answer takes no other along. `draw` may take several frames.
async function part(name, draw) {
  try {
    const sentence = await draw();
    if (typeof sentence === "string") panels[name].empty(sentence, picture.good);
    else panels[name].ready(picture.good);
  } catch (error) {
    console.warn(`${name}: ${error.message}`);
    panels[name].error({ title: "The answer has a field this page cannot read", detail: error.message });
  }
}

function failed(error) {
  const problem = error.title ? error : { title: error.message };
  if (picture.good === null) for (const panel of Object.values(panels)) panel.error(problem);
  // The server answers, but not this: the data stays, and the reason stands beside it.
  else if (error.status && !error.unreachable) panels.providers.error(problem);
}

function chooseSpan(span) {
  picture.bars = SPANS.includes(span) ? span : "1h";
  for (const button of $("#span").children) button.setAttribute("aria-pressed", String(button.dataset.span === picture.bars));
}

$("#span").append(...SPANS.map((span) => h("button", {
  type: "button", data: { span }, text: span.replace("m", " min").replace("h", " h").replace("d", " d"),
  onclick: () => {
    chooseSpan(span);
    shell.replace({ bars: span === "1h" ? null : span });
    picture.now();
  },
})));
chooseSpan(shell.params().get("bars"));
document.addEventListener("address", () => {
  chooseSpan(shell.params().get("bars"));
  picture.now();
});

$("#unfold").addEventListener("click", () => {
  const open = card("network").toggleAttribute("data-open");
  $("#unfold").setAttribute("aria-expanded", String(open));
  setText($("#unfold"), open ? "Hide network" : "Show network");
});

eachSecond(() => {
  for (const panel of Object.values(panels)) panel.tick();
});
picture.start();
