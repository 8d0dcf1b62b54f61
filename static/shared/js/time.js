// The server's time, in the one zone the viewer chose, and ages that never stand still.
import { h } from "./dom.js";

const KEPT = "coinmux-zone";
// A machine that slept, or whose clock was set forward, is believed about the time that passed.
const SLEPT_MS = 2000;

let told = null;

// What the server's clock says now; the local clocks only measure the time since.
export function sync(serverTime) {
  if (Number.isFinite(serverTime)) told = { server: serverTime, local: performance.now(), wall: Date.now() };
}

// The first clock may stand still while the machine sleeps; the second may be set.
function passed() {
  const measured = performance.now() - told.local;
  const wall = Date.now() - told.wall;
  return wall > measured + SLEPT_MS ? wall : measured;
}

export const now = () => (told ? told.server + passed() : Date.now());

// One zone for every time on the page: "local", or "utc".
let chosen = kept();

function kept() {
  try {
    return localStorage.getItem(KEPT) === "utc" ? "utc" : "local";
  } catch {
    return "local";
  }
}

export const zone = () => chosen;

// As it is written beside times: "UTC", or "UTC+3:30" and the like.
export function zoneName(at = now()) {
  const minutes = chosen === "utc" ? 0 : -new Date(at).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${size % 60 ? `:${two(size % 60)}` : ""}`;
}

export function setZone(name) {
  if (name === chosen) return;
  chosen = name === "utc" ? "utc" : "local";
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  zoned();
}

function zoned() {
  for (const element of document.querySelectorAll("time[datetime]")) element.refreshed?.(true);
  document.dispatchEvent(new CustomEvent("zone", { detail: chosen }));
}

addEventListener("storage", (event) => {
  if (event.key !== KEPT && event.key !== null) return;
  const other = kept();
  if (other === chosen) return;
  chosen = other;
  zoned();
});

const two = (value) => String(value).padStart(2, "0");

function parts(ms) {
  const at = new Date(ms);
  return chosen === "utc"
    ? [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]
    : [at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()];
}

export function clock(ms, { seconds = true } = {}) {
  if (!Number.isFinite(ms)) return "—";
  const [, , , hour, minute, second] = parts(ms);
  return `${two(hour)}:${two(minute)}${seconds ? `:${two(second)}` : ""}`;
}

// The date, 2026-11-28.
export function day(ms) {
  if (!Number.isFinite(ms)) return "—";
  const [year, month, date] = parts(ms);
  return `${year}-${two(month + 1)}-${two(date)}`;
}

export const stamp = (ms) => (Number.isFinite(ms) ? `${day(ms)} ${clock(ms)}` : "—");

// A time of today as a clock, any other with its date.
export const when = (ms, options) => (day(ms) === day(now()) ? clock(ms, options) : `${day(ms)} ${clock(ms, options)}`);

export function span(ms) {
  if (!Number.isFinite(ms)) return "—";
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  const [big, small] = s < 86400 ? ["h", "min"] : ["d", "h"];
  const whole = s < 86400 ? 3600 : 86400;
  const rest = Math.floor((s % whole) / (whole === 3600 ? 60 : 3600));
  return `${Math.floor(s / whole)} ${big}${rest ? ` ${rest} ${small}` : ""}`;
}

export const ago = (ms) => (Number.isFinite(ms) ? `${span(now() - ms)} ago` : "—");

export const until = (ms) => (Number.isFinite(ms) ? (ms <= now() ? "now" : `in ${span(ms - now())}`) : "—");

// The page's only ticker: tasks run each second while it is seen, and at once when it is seen again.
const tasks = new Set();
let timer = null;

function tick() {
  clearTimeout(timer);
  if (document.hidden) return;
  timer = setTimeout(tick, 1000);
  for (const element of document.querySelectorAll("time[datetime]")) element.refreshed?.();
  for (const task of tasks) task();
}

document.addEventListener("visibilitychange", tick);

// Runs `task` each second; what it gives back stops that.
export function eachSecond(task) {
  tasks.add(task);
  if (timer === null) tick();
  return () => tasks.delete(task);
}

// A `<time>` whose text is the age of `at`, "12 s ago", kept true each second; its tooltip is the time itself.
// `text(at)` writes another text of the same kind. `setSince` gives an element another time.
export function since(at, text = ago) {
  const element = h("time", { class: "since", datetime: "" });
  element.refreshed = (zoneChanged = false) => {
    const words = text(element.at);
    if (element.textContent !== words) element.textContent = words;
    if (zoneChanged) element.title = title(element.at);
  };
  if (timer === null) tick();
  return setSince(element, at);
}

export function setSince(element, at) {
  if (!Object.is(element.at, at)) {
    element.at = at;
    element.dateTime = Number.isFinite(at) ? new Date(at).toISOString() : "";
    element.title = title(at);
  }
  element.refreshed();
  return element;
}

const title = (at) => (Number.isFinite(at) ? `${stamp(at)} ${zoneName(at)}` : "");

// A `<time>` that says when, in the chosen zone: `write` is `clock`, `day`, `stamp` or `when`.
export function timeOf(at, write = when) {
  const element = since(at, (ms) => write(ms));
  element.classList.remove("since");
  return element;
}
