// What is looked at, as the address has it: the address restores all of it.
import { params } from "../../shared/js/address.js";

const INTERVALS = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"];
const SCALES = ["log", "percent"];
const MOST_BARS = 5000;

const minute = (ms) => `${new Date(ms).toISOString().slice(0, 16)}Z`;

export function read() {
  const given = params();
  const interval = given.get("interval");
  const [from, to] = ["from", "to"].map((name) => Date.parse(given.get(name) ?? ""));
  const bars = Number.parseInt(given.get("bars") ?? "", 10);
  return {
    symbol: (given.get("symbol") ?? "").trim().toUpperCase() || "BTC/USDT",
    interval: INTERVALS.includes(interval) ? interval : "1h",
    ind: given.get("ind") ?? "",
    vs: (given.get("vs") ?? "").trim().toUpperCase(),
    scale: SCALES.includes(given.get("scale")) ? given.get("scale") : "normal",
    range: from < to ? { from, to } : bars >= 8 && bars <= MOST_BARS ? { bars } : null,
    table: given.get("table") === "1",
  };
}

// What is usual is left out of the address.
export const written = {
  scale: (scale) => ({ scale: scale === "normal" ? null : scale }),
  range: (range) => ({ bars: range?.bars ?? null, from: range?.from ? minute(range.from) : null, to: range?.to ? minute(range.to) : null }),
  table: (open) => ({ table: open ? "1" : null }),
};
