// The chart page: which market is asked for, what came, and keeping it fresh.
import { $, h, query, remember, setText } from "../../shared/js/dom.js";
import { ask } from "../../shared/js/api.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import "../../shared/js/following.js";
import { number, price, signed, words } from "../../shared/js/format.js";
import { ago, now, span } from "../../shared/js/time.js";
import { Indicators, encode } from "./indicators.js";
import { download, fillTable } from "./rows.js";
import { View } from "./view.js";

const INTERVALS = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"];
const QUICK = ["1m", "15m", "1h", "4h", "1d", "1w"];
const UNITS = { m: 60000, h: 3600000, d: 86400000, w: 604800000 };
const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "BNB/USDT", "DOGE/USDT", "ADA/USDT", "ETH/BTC"];
const LIMIT = 500;
const TAIL = 3;
const REFRESH_MS = 5000;
const SUMMARY_MS = 30000;

// Months have no fixed length: no holes are looked for.
const stepOf = (interval) => (interval === "1M" ? null : Number.parseInt(interval, 10) * UNITS[interval.at(-1)]);

const panel = new Panel($('[data-panel="chart"]'), { staleAfter: Infinity, retry: () => load() });
const view = new View($("#plot"));
$("#plot").setAttribute("role", "img");
const market = { symbol: query.get("symbol") || "BTC/USDT", interval: INTERVALS.includes(query.get("interval")) ? query.get("interval") : "1h", rows: [], columns: [], meta: {} };
let turn = new AbortController();
let summarised = -Infinity;

const indicators = new Indicators((key) => {
  save();
  if (key) view.remove(key);
  for (const one of indicators.shown) if (!view.shown.has(one.key)) draw(one);
});

async function candles(limit, signal) {
  const { data: { data, meta } } = await ask("api/market/candles", { params: { symbol: market.symbol, interval: market.interval, limit }, signal, timeout: 20000 });
  return { ...data, meta };
}

// Another market: nothing of the last one stays, and its late answers are dropped.
async function load() {
  turn.abort();
  turn = new AbortController();
  const { signal } = turn;
  poller.stop();
  market.rows = [];
  view.clear();
  heading();
  facts();
  panel.card.setAttribute("aria-busy", "true");
  save();
  try {
    const found = await candles(LIMIT, signal);
    if (signal.aborted) return;
    take(found);
    view.set(found.rows, stepOf(market.interval));
    if (found.rows.length) panel.ready();
    else panel.empty("There are no candles of this market. Try another pair or interval.");
    show();
    for (const one of indicators.shown) draw(one);
    poller.start();
  } catch (problem) {
    if (!signal.aborted) panel.error(problem);
  }
}

async function refresh() {
  const { signal } = turn;
  const found = await candles(TAIL, signal);
  if (signal.aborted) return;
  const last = market.rows.at(-1)?.[0];
  if (last === undefined || !found.rows.length) return;
  if (found.rows[0][0] > last) {
    // Away for longer than the tail: what lies between is asked for as a whole.
    load();
    return;
  }
  const before = market.rows.filter((row) => row[0] < found.rows[0][0]);
  take({ ...found, rows: [...before, ...found.rows] });
  for (const row of found.rows) if (row[0] >= last) view.update(row);
  panel.ready();
  show();
  // A new candle moves what is drawn apart from its own time, so the whole is asked for.
  const begun = found.rows.at(-1)[0] > last;
  await Promise.all(indicators.shown.map((one) => (begun ? fill(one, signal) : extend(one, signal))));
}

function take(found) {
  market.symbol = found.symbol;
  market.rows = found.rows;
  market.columns = found.columns;
  market.meta = found.meta;
}

const series = async (one, limit, signal) =>
  (await ask(`api/indicators/${encodeURIComponent(one.name)}`, { params: { symbol: market.symbol, interval: market.interval, limit, ...one.parameters }, signal, timeout: 20000 })).data.data;

async function draw(one) {
  view.add(one.key, one.info, one.at);
  await fill(one, turn.signal);
}

async function fill(one, signal) {
  try {
    const found = await series(one, LIMIT, signal);
    if (signal.aborted || !indicators.shown.includes(one)) return;
    view.values(one.key, found);
    indicators.told(one, { latest: found.latest });
  } catch (problem) {
    if (!signal.aborted) indicators.told(one, { problem: problem.title ? problem : { title: "cannot be drawn", detail: problem.message } });
  }
}

async function extend(one, signal) {
  try {
    const found = await series(one, TAIL, signal);
    if (signal.aborted) return;
    view.extend(one.key, found);
    indicators.told(one, { latest: found.latest });
  } catch (problem) {
    if (!signal.aborted) indicators.told(one, { problem: problem.title ? problem : { title: "cannot be drawn", detail: problem.message } });
  }
}

function heading() {
  $("#market-title").replaceChildren(market.symbol, h("small", { text: market.interval }));
  setText($("#last"), "");
  setText($("#change"), "");
}

function show() {
  heading();
  const last = market.rows.at(-1);
  const before = market.rows.at(-2);
  setText($("#last"), price(last?.[4]));
  const change = last && before ? (last[4] / before[4] - 1) * 100 : null;
  setText($("#change"), change === null ? "" : `${change >= 0 ? "▲" : "▼"} ${signed(change)}`);
  $("#change").title = "Against the close of the candle before";
  $("#change").dataset.way = change >= 0 ? "up" : "down";
  if (!$("#table").hidden) fillTable($("#candles"), market.rows);
  shell.titled(`${market.symbol} ${price(last?.[4])} · coinmux`);
  facts();
  if (performance.now() - summarised > SUMMARY_MS) {
    summarised = performance.now();
    $("#plot").setAttribute("aria-label", `${market.symbol}, ${market.rows.length} candles of ${market.interval}, last close ${price(last?.[4])}. The data table holds the numbers.`);
  }
}

function facts() {
  const { meta, rows } = market;
  if (!rows.length) {
    $("#facts").replaceChildren();
    return;
  }
  const step = stepOf(market.interval) ?? 31 * UNITS.d;
  const behind = now() - rows.at(-1)[0];
  const stale = behind > 2 * step || meta.stale;
  const kept = { miss: "live", coalesced: "live", hit: "cached", stale: "kept, past its time" }[meta.cache] ?? words(meta.cache);
  $("#facts").replaceChildren(...[
    stale ? h("span", { class: "tag", data: { tone: "warn" }, title: `The last candle began ${span(behind)} ago`, text: "stale" }) : null,
    h("span", { class: "tag", title: "The source of these candles", text: meta.provider }),
    h("span", { class: "tag", data: { tone: kept === "live" ? "ok" : null }, text: kept }),
    h("span", { class: "note", title: "Age of the data", text: ago(meta.fetched_at) }),
    h("span", { class: "note", text: `${number(rows.length)} candles` }),
  ].filter(Boolean));
}

function save() {
  remember({ symbol: market.symbol, interval: market.interval, ind: indicators.shown.map(encode).join(",") });
}

const poller = new Poller(refresh, { interval: REFRESH_MS, onBad: (problem) => {
  if (problem.title) panel.error(problem);
} });

function interval(value) {
  market.interval = value;
  mark();
  load();
}

function mark() {
  for (const button of $("#quick").children) button.setAttribute("aria-pressed", String(button.textContent === market.interval));
  $("#interval").value = market.interval;
}

$("#quick").append(...QUICK.map((value) => h("button", { type: "button", text: value, onclick: () => interval(value) })));
$("#interval").append(...INTERVALS.map((value) => h("option", { value, text: value })));
$("#interval").addEventListener("change", (event) => interval(event.target.value));
$("#pairs").append(...PAIRS.map((value) => h("option", { value })));
$("#symbol").value = market.symbol;
$("#symbol").addEventListener("change", () => $("#ask").requestSubmit());
$("#ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = $("#symbol").value.trim().toUpperCase();
  if (!wanted || wanted === market.symbol) return;
  market.symbol = wanted;
  load();
});
$("#rows").addEventListener("click", () => {
  const hidden = $("#table").toggleAttribute("hidden");
  $("#rows").setAttribute("aria-pressed", String(!hidden));
  if (!hidden) fillTable($("#candles"), market.rows);
});
for (const kind of ["csv", "json"]) $(`#${kind}`).addEventListener("click", () => market.rows.length && download(kind, market));
setInterval(facts, 1000);
mark();
indicators.load().then(() => indicators.restore((query.get("ind") ?? "").split(",").filter(Boolean)), (problem) => {
  $("#add").disabled = true;
  $("#add").title = problem.title;
}).then(load);
