// The monitor for a screen on a wall: one screen, read across a room, nothing to press. Escape leads back.
import { $, h, setText } from "../../../shared/js/dom.js";
import { eachSecond, clock, now, span } from "../../../shared/js/time.js";
import { breath } from "../../../shared/js/poll.js";
import { shell } from "../../../shared/js/shell.js";
import { stateOf } from "../../../shared/js/states.js";
import { Board } from "../../../shared/components/board.js";
import { Verdict } from "../../../shared/components/verdict.js";
import { Changes } from "../changes.js";
import { titles } from "../../../shared/js/words.js";
import { Picture } from "../picture.js";
import { Traffic } from "../traffic.js";
import { Network } from "../network/network.js";
import { Cells } from "./cells.js";
import { stayAwake } from "./awake.js";
import { fit } from "./fitting.js";

// So that nothing burns in: the picture moves by this much, this often.
const SHIFT_PX = 2;
const SHIFT_MS = 600000;
const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];
const LATE_MS = 15000;
// The place of the sentence, lying and upright.
const LYING = { tall: 10.4, most: 4.2 };
const UPRIGHT = { tall: 11.8, most: 2.4 };

const verdict = new Verdict({ big: true });
const board = new Board({ wall: true });
const cells = new Cells();
const list = h("ol", { class: "lines", "aria-label": "Changes, newest first" });
const changes = new Changes(list, { still: true });
const time = h("strong");
const age = h("span");
const stage = h("div", { class: "stage" });
const total = h("div", { class: "total" }, h("strong"), h("span", { text: "req/min" }));
const wall = h("div", { class: "wall", data: { state: "unknown" } },
  h("div", { class: "head" }, verdict.element, h("div", { class: "clock" }, time, age)),
  h("div", { class: "what" }, board.element),
  h("div", { class: "who" }, stage, total, cells.element, cells.key),
  h("div", { class: "log" }, list));
$("#main").replaceChildren(h("h1", { class: "away", text: "System monitor, wall" }), wall);

const traffic = new Traffic();
const network = new Network(stage, traffic, { placed: (providers) => cells.layout(stage, providers) });
const picture = new Picture({ show, happened, failed: () => {} });

function say(told) {
  verdict.set(told);
  fit(verdict.sentence, innerWidth > innerHeight ? LYING : UPRIGHT);
}

async function show(data, items) {
  wall.dataset.state = stateOf(data.status).key;
  say({ status: data.status, since: data.since, verdict: data.verdict, reason: data.reason });
  board.set(data.capabilities ?? [], data.bars.words, { ...data.bars, titles });
  setText(total.firstChild, data.server?.requests_per_min ?? "—");
  await breath();
  cells.show(data.providers, data.bars);
  await breath();
  traffic.add(items, now());
  network.update({ ...data, poll_after_ms: picture.lag }, items);
  changes.add(items, data);
}

function happened(items) {
  traffic.add(items, now());
  network.happened(items, picture.lag);
  changes.add(items, null);
}

// The frame and the sentence say that nobody answers; the rest stays as it was, in grey.
document.addEventListener("unreachable", () => {
  wall.dataset.state = "offline";
  const known = picture.good !== null;
  say({ status: "OFFLINE", since: picture.good, reason: "",
    verdict: [{ text: known ? "No answer from the server since " : "No answer from the server since this page was opened" }, ...(known ? [{ text: "", at: picture.good }, { text: "." }] : [])] });
});

function tick() {
  setText(time, clock(now(), { seconds: false }));
  const late = picture.good === null ? null : now() - picture.good;
  setText(age, late === null ? "no answer yet" : `updated ${span(late)} ago`);
  age.toggleAttribute("data-late", late !== null && late >= LATE_MS);
  changes.tick();
  const [x, y] = CORNERS[Math.floor(now() / SHIFT_MS) % CORNERS.length];
  wall.style.transform = `translate(${x * SHIFT_PX}px, ${y * SHIFT_PX}px)`;
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const back = new URL(location.href);
  back.searchParams.delete("view");
  location.href = back.href;
});
addEventListener("resize", () => {
  cells.fit(cells.element.childElementCount);
  fit(verdict.sentence, innerWidth > innerHeight ? LYING : UPRIGHT);
});

shell.titled("Wall · coinmux");
stayAwake();
eachSecond(tick);
tick();
picture.start();
