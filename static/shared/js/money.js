// Money as it is shown: prices, changes, and sums too large for their digits. Apart, as the monitor has none.
import { NONE, number } from "./format.js";

const UNITS = ["", "K", "M", "B", "T"];

function short(value) {
  let unit = 0;
  let size = Number(Math.abs(value).toPrecision(4));
  while (size >= 1000 && unit < UNITS.length - 1) {
    size = Number((size / 1000).toPrecision(4));
    unit += 1;
  }
  return `${value < 0 && size ? "-" : ""}${size}${UNITS[unit]}`;
}

// Four digits at most: 2.345T.
export const compact = (value) => (Number.isFinite(value) ? short(value) : NONE);

// As many digits as the size of a price asks for.
export function price(value) {
  if (!Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  const digits = size >= 100 ? 2 : size >= 1 ? 4 : size >= 0.01 ? 5 : size > 0 ? Math.min(12, 3 - Math.floor(Math.log10(size))) : 2;
  return number(value, digits, Math.min(2, digits));
}

export const signed = (value, digits = 2) =>
  Number.isFinite(value) ? `${value > 0 ? "+" : value < 0 ? "−" : ""}${number(Math.abs(value), digits, digits)} %` : NONE;
