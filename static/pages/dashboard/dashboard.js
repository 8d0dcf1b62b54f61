// The overview: overall state, market, mood, headlines, and the way to everything else.
import { $, each, h, s, safeLink, setText } from "../../shared/js/dom.js";
import { get, root } from "../../shared/js/api.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import "../../shared/js/following.js";
import { NONE, compact, number, percent, price, signed } from "../../shared/js/format.js";
import { badge, shape, stateOf } from "../../shared/js/states.js";
import { ago, clock, now } from "../../shared/js/time.js";
import { Spark } from "../../shared/components/spark.js";

const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "BNB/USDT", "DOGE/USDT"];
const TICKERS_MS = 10000;
const SLOW_MS = 120000;
const HEADLINES = 8;
const STATES = ["healthy", "degraded", "offline", "unknown", "disabled"];
const WAYS = [
  ["system-monitor", "System monitor", "what moves right now"],
  ["providers", "Providers", "who can answer what"],
  ["chart", "Chart", "candles and indicators"],
  ["explain", "Decisions", "why this source"],
  ["config", "Configuration", "what is missing"],
  ["docs", "API", "every route"],
];

const panelOf = (name, staleAfter, again) => new Panel($(`[data-panel="${name}"]`), { staleAfter, retry: again });
const panels = {
  markets: panelOf("markets", 3 * TICKERS_MS, () => tickers.now()),
  news: panelOf("news", 3 * SLOW_MS, () => headlines.now()),
  mood: panelOf("mood", 3 * SLOW_MS, () => mood.now()),
  sources: panelOf("sources", 45000, () => {}),
};

function tile(label) {
  const parts = { big: h("div", { class: "big", text: NONE }), sub: h("div", { class: "sub" }) };
  $("#strip").append(h("div", { class: "card tile" }, h("div", { class: "label", text: label }), parts.big, parts.sub));
  return parts;
}

const tiles = { state: tile("Overall state"), providers: tile("Providers healthy"), cap: tile("Market cap"), volume: tile("Volume, 24 h"), dominance: tile("Bitcoin dominance") };

document.addEventListener("system-status", ({ detail }) => {
  const { key, word } = stateOf(detail.status);
  tiles.state.big.replaceChildren(shape(key === "disabled" ? "unknown" : key), key === "healthy" ? "Online" : word[0].toUpperCase() + word.slice(1));
  const answer = detail.answer;
  setText(tiles.state.sub, answer ? (Number.isFinite(answer.since) ? `since ${clock(answer.since, { seconds: false })}` : "") : "no answer from the server");
  if (!answer) return;
  shell.updated(now(), 10000);
  const counts = answer.providers ?? {};
  const total = STATES.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  setText(tiles.providers.big, number(counts.healthy));
  setText(tiles.providers.sub, `of ${number(total)}`);
  const list = $("#sources").firstElementChild ?? $("#sources").appendChild(h("ul", { class: "mix" }));
  each(list, STATES, (name) => name,
    (name) => h("li", { data: { state: name } }, badge(name), h("span", { class: "bar" }, h("i")), h("span", { class: "num" })),
    (line, name) => {
      line.children[1].firstChild.style.width = total ? `${(100 * (counts[name] ?? 0)) / total}%` : "0";
      setText(line.children[2], number(counts[name]));
    });
  panels.sources.ready();
});

const from = (name, meta) => {
  const kept = meta.cache === "miss" || meta.cache === "coalesced" ? "live" : meta.cache === "stale" ? "kept, past its time" : "cached";
  setText($(`#${name}-from`), `${meta.provider}, ${kept}, ${ago(meta.fetched_at)}`);
};

const sparks = new Map();
const table = $("#markets");
table.append(h("thead", null, h("tr", null, ["Pair", "Last", "24 h", "", "High", "Low", "Volume", "Source"].map((title, at) =>
  h("th", { scope: "col", class: [at > 0 && at < 7 ? "num" : "", at === 3 ? "mini" : "", at > 3 ? "extra" : ""].join(" ").trim(), text: title || null }, title ? null : h("span", { class: "away", text: "Two days" }))))));
const body = table.appendChild(h("tbody"));

function row(pair) {
  const spark = new Spark(`${pair}, two days`);
  sparks.set(pair, spark);
  return h("tr", null,
    h("th", { scope: "row" }, h("a", { href: new URL(`chart?symbol=${encodeURIComponent(pair)}`, root).href, text: pair })),
    h("td", { class: "num price" }), h("td", { class: "num way" }), h("td", { class: "mini" }, spark.element),
    h("td", { class: "num extra" }), h("td", { class: "num extra" }), h("td", { class: "num extra" }), h("td", { class: "extra muted" }));
}

each(body, PAIRS, (pair) => pair, row);

const tickers = new Poller(async () => {
  const { tickers: found } = await get("api/market/tickers", { symbols: PAIRS.join(",") });
  each(body, PAIRS, (pair) => pair, row, (line, pair) => {
    const data = found[pair]?.data;
    const meta = found[pair]?.meta;
    const change = data?.change_percent;
    setText(line.children[1], price(data?.last));
    setText(line.children[2], Number.isFinite(change) ? `${change >= 0 ? "▲" : "▼"} ${signed(change)}` : NONE);
    line.children[2].dataset.way = change >= 0 ? "up" : "down";
    setText(line.children[4], price(data?.high));
    setText(line.children[5], price(data?.low));
    setText(line.children[6], compact(data?.volume_quote));
    setText(line.children[7], meta?.provider ?? found[pair]?.error?.title ?? NONE);
    line.children[7].title = meta ? `${meta.cache}, ${ago(meta.fetched_at)}${meta.stale ? ", stale" : ""}` : "";
  });
  panels.markets.ready();
}, { interval: TICKERS_MS, onBad: (problem) => panels.markets.error(problem) }).start();

new Poller(async () => {
  await Promise.all(PAIRS.map(async (pair) => {
    try {
      const { data } = await get("api/market/candles", { symbol: pair, interval: "1h", limit: 48 });
      const closes = data.rows.map((one) => one[4]);
      const low = Math.min(...closes);
      sparks.get(pair)?.set([{ values: closes.map((value) => value - low), least: 0 }], `${pair}, two days: ${price(closes[0])} to ${price(closes.at(-1))}`);
    } catch {
      // A line that is missing says so itself; the price beside it has its own source.
    }
  }));
}, { interval: SLOW_MS }).start();

new Poller(async () => {
  const { data, meta } = await get("api/market/global");
  setText(tiles.cap.big, `$${compact(data.market_cap_usd)}`);
  setText(tiles.volume.big, `$${compact(data.volume_24h_usd)}`);
  setText(tiles.dominance.big, percent(data.btc_dominance_percent));
  setText(tiles.cap.sub, `${meta.provider}, ${ago(meta.fetched_at)}`);
  setText(tiles.volume.sub, `${number(data.active_coins)} coins`);
  setText(tiles.dominance.sub, `Ethereum ${percent(data.eth_dominance_percent)}`);
}, { interval: 60000, onBad: (problem) => setText(tiles.cap.sub, problem.title ?? "") }).start();

const headlines = new Poller(async () => {
  const { data, meta } = await get("api/news", { limit: HEADLINES });
  from("news", meta);
  each($("#news"), data.items, (item) => item.id,
    (item) => h("li", null, safeLink(item.url, { class: "title" }, String(item.title)),
      h("div", { class: "note" }, h("span", { text: item.source ?? "" }), h("span", { class: "when" }),
        (item.symbols ?? []).slice(0, 4).map((symbol) => h("span", { class: "tag", text: symbol })))),
    (line, item) => setText($(".when", line), ago(item.published_at)));
  if (data.items.length) panels.news.ready();
  else panels.news.empty("No headlines. Sources of news are listed under Providers.");
}, { interval: SLOW_MS, onBad: (problem) => panels.news.error(problem) }).start();

const ARC = ["#ef4444", "#f59e0b", "#94a3b8", "#84cc16", "#22c55e"];
const at = (value, r = 84) => {
  const angle = Math.PI * (1 - value / 100);
  return [100 + r * Math.cos(angle), 98 - r * Math.sin(angle)].map((one) => one.toFixed(2));
};
const needle = s("circle", { class: "needle", r: 9, visibility: "hidden" });
const gauge = s("svg", { class: "gauge", viewBox: "0 0 200 108", role: "img", "aria-label": "Not known yet" },
  ARC.map((tone, order) => s("path", { class: "seg", stroke: tone, d: `M${at(order * 20 + 0.8).join(" ")}A84 84 0 0 1 ${at(order * 20 + 19.2).join(" ")}` })), needle);
const value = h("strong", { text: NONE });
const word = h("span", { class: "word" });
const past = new Spark("Fear and greed, last days");
$("#mood").append(gauge, value, word, h("div", { class: "history" }, past.element));

const mood = new Poller(async () => {
  const { data, meta } = await get("api/sentiment/index");
  from("mood", meta);
  setText(value, number(data.value));
  setText(word, data.classification ?? "");
  const [x, y] = at(data.value);
  needle.setAttribute("cx", x);
  needle.setAttribute("cy", y);
  needle.setAttribute("visibility", "visible");
  gauge.setAttribute("aria-label", `Fear and greed: ${number(data.value)} of 100, ${data.classification ?? ""}`);
  const series = [...(data.history ?? [])].sort((a, b) => a[0] - b[0]).map((one) => one[1]);
  past.set([{ values: series, least: 100 }], `Last ${series.length} days, from ${number(Math.min(...series))} to ${number(Math.max(...series))}`);
  panels.mood.ready();
}, { interval: SLOW_MS, onBad: (problem) => panels.mood.error(problem) }).start();

$("#ways").append(...WAYS.map(([path, title, text]) => h("a", { href: new URL(path, root).href }, title, h("span", { text }))));
setInterval(() => {
  for (const panel of Object.values(panels)) panel.tick();
}, 1000);
