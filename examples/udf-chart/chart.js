// Candles on a canvas: drag or press the arrow keys to go back; older bars are asked for as they are reached.

import { Datafeed } from "./datafeed.js";

const WIDTH = 9;
const AHEAD = 300;
const EVERY_MS = 5_000;

const asked = new URLSearchParams(location.search);
const feed = new Datafeed(asked.get("server") ?? "http://127.0.0.1:7860");
const form = document.querySelector("form");
const canvas = document.querySelector("canvas");
const title = document.querySelector("#title");
const note = document.querySelector("#note");

let shown = null; // { market, resolution, bars, meta, back, isWhole, isAsking }

const soon = () => Math.floor(Date.now() / 1000) + 40 * 86_400;

function say(text, isWrong = false) {
  note.textContent = text;
  note.toggleAttribute("role", false);
  if (isWrong) note.setAttribute("role", "alert");
}

async function show() {
  const { symbol, resolution } = Object.fromEntries(new FormData(form));
  shown = null;
  draw();
  say("Asking …");
  try {
    const market = await feed.market(symbol);
    const { bars, meta } = await feed.bars(market.ticker, resolution, soon(), AHEAD);
    shown = { market, resolution, bars, meta, back: 0, isWhole: bars.length < AHEAD, isAsking: false };
    tell();
    draw();
  } catch (error) {
    say(error.message, true);
  }
}

function tell() {
  const { market, bars, meta } = shown;
  const last = bars.at(-1);
  const digits = Math.round(Math.log10(market.pricescale));
  title.textContent = last ? `${market.ticker} ${last.close.toFixed(digits)}` : market.ticker;
  const from = meta ? `${meta.simulated ? "simulated, " : ""}by ${meta.providers.join(", ")}` : "no bars";
  say([`${bars.length} bars ${from}`, ...(meta?.notes ?? [])].join("; "));
}

// Bars before the oldest, once the viewer comes near it.
async function older() {
  const mine = shown;
  if (mine.isWhole || mine.isAsking || !mine.bars.length) return;
  mine.isAsking = true;
  try {
    const { bars } = await feed.bars(mine.market.ticker, mine.resolution, mine.bars[0].time, AHEAD);
    mine.bars.unshift(...bars);
    mine.isWhole = bars.length < AHEAD;
    if (shown === mine) {
      tell();
      draw();
    }
  } catch (error) {
    say(error.message, true);
  } finally {
    mine.isAsking = false;
  }
}

async function newest() {
  const mine = shown;
  if (!mine?.bars.length || document.hidden) return;
  try {
    const { bars, meta } = await feed.bars(mine.market.ticker, mine.resolution, soon(), 3);
    if (shown !== mine) return;
    const kept = mine.bars.filter((bar) => !bars.length || bar.time < bars[0].time);
    mine.bars = [...kept, ...bars];
    mine.meta = meta ?? mine.meta;
    tell();
    draw();
  } catch (error) {
    say(`${error.message}; the bars are those of before`, true);
  }
}

function draw() {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const paint = canvas.getContext("2d");
  paint.scale(scale, scale);
  if (!shown?.bars.length) return;
  const room = Math.floor((width - 80) / WIDTH);
  const end = Math.max(shown.bars.length - shown.back, 1);
  const bars = shown.bars.slice(Math.max(end - room, 0), end);
  const low = Math.min(...bars.map((bar) => bar.low));
  const high = Math.max(...bars.map((bar) => bar.high));
  const y = (price) => 10 + (height - 40) * (1 - (price - low) / (high - low || 1));
  bars.forEach((bar, at) => {
    const x = at * WIDTH + WIDTH / 2;
    const rises = bar.close >= bar.open;
    paint.strokeStyle = paint.fillStyle = rises ? "#3fb68b" : "#e5735c";
    paint.beginPath();
    paint.moveTo(x, y(bar.high));
    paint.lineTo(x, y(bar.low));
    paint.stroke();
    const top = y(Math.max(bar.open, bar.close));
    const tall = Math.max(Math.abs(y(bar.open) - y(bar.close)), 1);
    // Rising bars are hollow, so that colour is not all that tells them apart.
    if (rises) paint.strokeRect(x - 3, top, 6, tall);
    else paint.fillRect(x - 3, top, 6, tall);
  });
  paint.fillStyle = "#aab4c5";
  for (const price of [low, (low + high) / 2, high]) {
    paint.fillText(price.toPrecision(7), width - 76, y(price) + 4);
  }
  const days = (bar) => new Date(bar.time * 1000).toISOString().slice(0, 16).replace("T", " ");
  paint.fillText(`${days(bars[0])} UTC`, 4, height - 8);
  paint.fillText(`${days(bars.at(-1))} UTC`, Math.max(width - 220, 130), height - 8);
  if (end - room < 50) older();
}

function move(by) {
  if (!shown) return;
  shown.back = Math.min(Math.max(shown.back + by, 0), Math.max(shown.bars.length - 10, 0));
  draw();
}

let held = null;
canvas.addEventListener("pointerdown", (event) => {
  held = event.clientX;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointerup", () => (held = null));
canvas.addEventListener("pointermove", (event) => {
  if (held === null) return;
  const by = Math.trunc((event.clientX - held) / WIDTH);
  if (by) {
    held += by * WIDTH;
    move(by);
  }
});
canvas.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: 10, ArrowRight: -10, Home: 1e9, End: -1e9 }[event.key];
  if (by) {
    event.preventDefault();
    move(by);
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
form.symbol.addEventListener("input", async () => {
  const rows = await feed.search(form.symbol.value).catch(() => []);
  document.querySelector("#found").replaceChildren(
    ...rows.map((row) => Object.assign(document.createElement("option"), { value: row.ticker, label: row.description })),
  );
});
addEventListener("resize", draw);

try {
  const { supported_resolutions: known } = await feed.config();
  form.resolution.replaceChildren(...known.map((one) => new Option(one, one)));
  form.resolution.value = asked.get("resolution") ?? "60";
  form.symbol.value = asked.get("symbol") ?? form.symbol.value;
  await show();
} catch (error) {
  say(`${feed.base} does not answer: ${error.message}`, true);
}
setInterval(newest, EVERY_MS);
