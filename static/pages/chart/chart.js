// The chart page: what is looked at, what is drawn of it, and what the viewer does with it.
import { $, setText } from "../../shared/js/dom.js";
import { push, replace } from "../../shared/js/address.js";
import { script } from "../../shared/js/api.js";
import "../../shared/js/shell.js";
import { live } from "../../shared/js/live.js";
import { Panel } from "../../shared/js/panel.js";
import { eachSecond } from "../../shared/js/time.js";
import { Compare } from "./compare.js";
import { Feed } from "./feed.js";
import { digitsOf } from "./figures.js";
import { Following } from "./following.js";
import { Headline } from "./headline.js";
import { Indicators } from "./indicators.js";
import { keys } from "./keys.js";
import { Corners, Legend } from "./legend.js";
import { Market } from "./market.js";
import { Missing } from "./missing.js";
import { PairBox } from "./pairbox.js";
import { Picker } from "./picker.js";
import { indexAt } from "./points.js";
import { download, fillTable } from "./rows.js";
import { catalogue } from "./source.js";
import { read, written } from "./state.js";
import { stepOf, times } from "./times.js";
import { Tools } from "./tools.js";
import { Tuner } from "./tuner.js";

const NUDGE_MS = 1000;
// The table is written anew at most so often while the market moves.
const TABLE_MS = 1000;
// Older pages that a link into the past may ask for.
const MOST_BACK = 8;

let looked = read();
let view = null;
let cursor = null;
let digits = 2;
let nudged = 0;
let tabled = 0;
// The price may be there before this is (`first.js`).
let opening = true;

const market = new Market(looked.symbol, looked.interval);
const panel = new Panel($('[data-panel="chart"]'), { staleAfter: Infinity, retry: () => feed.poller.now() });
const headline = new Headline(() => following.now);
const legend = new Legend();
const corners = new Corners($("#stage"));
const compare = new Compare(() => versus(""));
const indicators = new Indicators({ digits: () => digits, onChange: changed, onTune: (one, anchor) => tuner.open(one, anchor) });
const tuner = new Tuner({
  onApply: (one, parameters) => {
    view?.drawing.remove(one.key);
    indicators.tune(one, parameters);
  },
  onDrop: (one) => indicators.drop(one),
});
const feed = new Feed(market, indicators, compare, { onWhole, onTail, onBad });
const following = new Following(market, compare, indicators, { onMoved, onTurned, again: () => feed.again() });
const missing = new Missing(panel, { nextAt: () => feed.poller.nextAt, onChoose: (symbol) => turnTo({ symbol }) });
const tools = new Tools({
  interval: (interval) => turnTo({ interval }),
  scale: (name) => scaled(looked.scale === name ? "normal" : name),
  auto: () => act(() => (view.auto = !view.auto)),
  fit: () => act(() => view.fit()),
  now: () => act(() => view.now()),
  full,
  table: () => table($("#table").hidden),
  file: (kind) => market.rows.length && download(kind, market, indicators.shown),
});
const box = new PairBox($("#symbol"), $("#pairs"), (symbol) => turnTo({ symbol }));
const other = new PairBox($("#other"), $("#others"), (symbol) => {
  other.set("");
  versus(symbol);
});

// After what was changed is drawn; in a page that is not seen, soon.
const frame = () => new Promise((go) => {
  setTimeout(go, 100);
  requestAnimationFrame(() => setTimeout(go));
});

// The library is the heaviest file: it comes beside the first candles, after the frame of the page.
const opened = script(() => import("./view.js")).then(async ({ View }) => {
  // A phone is kept busy by each of: reading the library, making the chart, drawing the candles.
  await frame();
  view = new View($("#plot"), {
    onCursor: (at) => {
      cursor = at;
      legends();
    },
    onRange: (range) => {
      looked.range = range;
      replace(written.range(range));
      legends();
    },
    onEdge: () => feed.back(),
  });
  await frame();
});

// The catalogue comes when it is needed: for the picker, or for indicators in the address.
let known = null;
function knowing() {
  known ??= catalogue().then((infos) => (indicators.catalogue = new Map(infos.map((info) => [info.name, info]))), (problem) => {
    known = null;
    throw problem;
  });
  return known;
}

const picker = new Picker({
  load: knowing,
  onChoose: (name) => {
    const one = indicators.add(name);
    $(`#chips [data-key="${one.key}"] .name`).focus();
  },
});

function act(what) {
  if (view?.places) what();
  tools.auto(view?.auto ?? true);
}

// Another market or interval: a step that Back undoes.
function turnTo(values) {
  tools.menu(false);
  const next = { ...looked, ...values, range: null };
  if (next.symbol === market.symbol && next.interval === market.interval) return;
  push({ symbol: next.symbol, interval: next.interval, ...written.range(null) });
  looked = next;
  load();
}

function load() {
  market.turnTo(looked.symbol, looked.interval);
  times.of(looked.interval);
  cursor = null;
  following.clear();
  indicators.clear();
  compare.turnTo(compare.symbol || looked.vs);
  view?.clear();
  box.set(looked.symbol);
  tools.interval(looked.interval);
  headline.bare(market, { keepsPrice: opening });
  opening = false;
  legends();
  zoned();
  panel.card.removeAttribute("data-bare");
  panel.card.setAttribute("aria-busy", "true");
  panel.card.dataset.panelState = "loading";
  panel.failure?.remove();
  $("#candles").replaceChildren();
  feed.open();
}

// All there is, drawn anew.
async function onWhole(isFirst) {
  const { symbol, interval } = market;
  // The price needs no library: it is read while that is still on its way.
  if (market.rows.length) {
    digits = digitsOf(market.rows.at(-1)[4]);
    headline.show(market, digits);
  }
  const isOther = () => market.symbol !== symbol || market.interval !== interval;
  await opened;
  if (isOther()) return;
  if (isFirst) {
    // As the source knows it: in the box, in the address, in the title.
    looked.symbol = market.symbol;
    box.set(market.symbol);
    replace({ symbol: market.symbol, interval: market.interval });
  }
  panel.card.removeAttribute("data-bare");
  if (!market.rows.length) {
    panel.empty("There are no candles of this market. Try another pair or interval.");
    panel.card.toggleAttribute("data-bare", true);
    return;
  }
  view.set(market.rows, stepOf(market.interval), digits);
  view.compare(compare.symbol ? compare.rows : null);
  view.scale(compare.symbol ? "percent" : looked.scale);
  if (isFirst) {
    // The candles are drawn in one frame and the indicators in the next, so that the page can be used in between.
    view.show(looked.range);
    await frame();
    if (isOther()) return;
  }
  drawn();
  if (isFirst) await seen();
  said();
  // What is only last known is asked for again; what is known is followed.
  if (!market.old) following.turn();
}

// What the address says is seen; what lies before the candles at hand is asked for first.
async function seen() {
  view.show(looked.range);
  const { range } = looked;
  if (!range?.from) return;
  const { symbol, interval } = market;
  for (let page = 0; page < MOST_BACK && market.rows[0][0] > range.from; page += 1) {
    if (!(await feed.back()) || market.symbol !== symbol || market.interval !== interval) break;
  }
  if (market.symbol === symbol && market.interval === interval) view.show(range);
}

function onTail(rows) {
  if (!view?.places) return;
  for (const row of rows) view.update(market.rows, row);
  if (compare.symbol) view.compare(compare.rows);
  drawn();
  said();
}

// The stream moved candles of the market or of the second one, or indicators.
function onMoved(rows, others, moved) {
  if (!view?.places) return;
  for (const row of rows) view.update(market.rows, row);
  for (const row of others) view.along(row);
  for (const { one, rows: newest } of moved) view.drawing.move(one, newest);
  headline.show(market, digits);
  legends();
  if ($("#table").hidden || performance.now() - tabled < TABLE_MS) return;
  tabled = performance.now();
  fillTable($("#candles"), market.rows, digits);
}

// A stream took over, or is over: then the page asks at once.
function onTurned() {
  const { state } = following.now;
  let isLost = market.isFollowed;
  market.isFollowed = state === "live" || state === "polled";
  isLost &&= !market.isFollowed;
  for (const one of indicators.shown) {
    const was = one.isFollowed;
    one.isFollowed = following.tells(one);
    isLost ||= was && !one.isFollowed;
  }
  headline.facts(market);
  if (isLost) feed.poller.now();
}

function said() {
  panel.ready();
  headline.show(market, digits);
  if (!$("#table").hidden) fillTable($("#candles"), market.rows, digits);
  legends();
}

function onBad(problem) {
  if (!problem.title) problem = { title: "The chart cannot be drawn", detail: problem.message, status: 0 };
  if (missing.show(problem, market.symbol, market.rows.length === 0)) feed.stop();
  if (!market.rows.length) {
    view?.clear();
    headline.bare(market);
  }
  legends();
}

// The indicators as they are now, on the chart and as chips.
function drawn() {
  if (view?.places) {
    const keys_ = new Set(indicators.shown.map((one) => one.key));
    for (const key of [...view.drawing.shown.keys()]) if (!keys_.has(key)) view.drawing.remove(key);
    for (const one of indicators.shown) {
      if (!view.drawing.shown.has(one.key)) view.drawing.add(one);
      view.drawing.values(one);
    }
    view.stretch();
  }
  legends();
  corners.over((key) => view?.drawing.paneOf(key) ?? null);
}

function changed() {
  replace({ ind: indicators.text });
  drawn();
  feed.fill();
}

function legends() {
  legend.show(market.rows, cursor, digits);
  indicators.chips(cursor);
  compare.show(view?.places ? view.first() : null, cursor);
}

function scaled(scale) {
  looked.scale = scale;
  replace(written.scale(scale));
  view?.scale(compare.symbol ? "percent" : scale);
  tools.scale(compare.symbol ? "percent" : scale, compare.symbol !== "");
  tools.auto(view?.auto ?? true);
}

function versus(symbol) {
  tools.menu(false);
  if (symbol === market.symbol) return;
  looked.vs = symbol;
  compare.turnTo(symbol);
  replace({ vs: symbol });
  scaled(looked.scale);
  view?.compare(null);
  feed.fill();
  legends();
}

function table(open) {
  tools.table(open);
  replace(written.table(open));
  if (open && market.rows.length) fillTable($("#candles"), market.rows, digits);
}

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("#main").requestFullscreen();
}

// One zone for the axis, the cursor and the table.
function zoned() {
  times.of(market.interval);
  setText($("#zone"), times.name);
  setText($("#table-zone"), `newest first, ${times.name}`);
  if (!view?.places) return;
  const range = view.range();
  view.set(market.rows, stepOf(market.interval), digits);
  view.compare(compare.symbol ? compare.rows : null);
  drawn();
  view.show(range);
  if (!$("#table").hidden) fillTable($("#candles"), market.rows, digits);
}

// Back, forward, or the first look: all of it as the address says.
async function follow() {
  const next = read();
  const isOther = next.symbol !== market.symbol || next.interval !== market.interval;
  looked = next;
  tools.table(next.table);
  try {
    if (next.ind && !indicators.catalogue.size) await knowing();
  } catch (problem) {
    setText($("#notes"), `Indicators are not shown: ${problem.title}`);
  }
  if (looked !== next) return;
  const unknown = indicators.restore(next.ind);
  setText($("#notes"), unknown.length ? `No indicator is called ${unknown.join(", ")}` : "");
  if (next.vs !== compare.symbol) compare.turnTo(next.vs);
  scaled(next.scale);
  if (isOther || !market.rows.length) {
    load();
    return;
  }
  view?.compare(compare.symbol ? compare.rows : null);
  drawn();
  feed.fill();
  if (view?.places) view.show(next.range);
}

function step(by) {
  if (!view?.places) return;
  const at = cursor === null ? market.rows.length - 1 : indexAt(market.rows, cursor) + by;
  const row = market.rows[Math.max(0, Math.min(market.rows.length - 1, at))];
  view.point(row);
}

keys($("#stage"), {
  pan: (share) => act(() => view.pan(share)),
  zoom: (factor) => act(() => view.zoom(factor)),
  oldest: () => act(() => view.oldest()),
  now: () => act(() => view.now()),
  fit: () => act(() => view.fit()),
  auto: () => act(() => (view.auto = !view.auto)),
  scale: (name) => scaled(looked.scale === name ? "normal" : name),
  unpoint: () => act(() => view.unpoint()),
  add: () => picker.open(),
  table: () => table($("#table").hidden),
  step,
  full,
});

$("#ask").addEventListener("submit", (event) => event.preventDefault());
// The price axis may have been pulled: its height is no longer automatic then.
$("#stage").addEventListener("pointerup", () => tools.auto(view?.auto ?? true));
document.addEventListener("address", follow);
document.addEventListener("zone", zoned);
document.documentElement.addEventListener("looks", legends);
eachSecond(() => headline.facts(market));
// Somebody else asked for this market: what came is newer than what is shown, where no stream tells it. And a source that is
// back may end a time without answers.
live.on((event) => {
  const concerns = event.kind === "state_change" ? market.old : !event.own && !market.isFollowed && event.message?.startsWith(`${market.symbol} `);
  if (!concerns || performance.now() - nudged < NUDGE_MS) return;
  nudged = performance.now();
  feed.poller.now();
});
follow();
