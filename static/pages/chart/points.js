// Rows of candles as the library takes them.
import { times } from "./times.js";

const MOST_MISSING = 500;

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

// Candles that a source does not have stay holes: a place on the axis with nothing at it.
export function withHoles(rows, step) {
  const found = [];
  rows.forEach((row, at) => {
    const before = at > 0 ? rows[at - 1][0] : null;
    if (before !== null && step && row[0] - before > step && (row[0] - before) / step <= MOST_MISSING) {
      for (let t = before + step; t < row[0]; t += step) found.push([t]);
    }
    found.push(row);
  });
  return found;
}

export function candleOf(row) {
  const time = times.toChart(row[0]);
  const [open, high, low, close] = row.slice(1, 5).map(number);
  return [open, high, low, close].some((value) => value === null || value === undefined) ? { time } : { time, open, high, low, close };
}

export function pointOf(time, value) {
  const known = number(value);
  return known === null ? { time: times.toChart(time) } : { time: times.toChart(time), value: known };
}

// Two answers as one: where both know a time, the newer answer holds.
export function joined(old, found) {
  if (!old.length || !found.length) return found.length ? found : old;
  const [first, last] = [found[0][0], found.at(-1)[0]];
  return [...old.filter((row) => row[0] < first), ...found, ...old.filter((row) => row[0] > last)];
}

// The index of the last row at or before a time, −1 where there is none.
export function indexAt(rows, ms) {
  let [low, high] = [0, rows.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (rows[middle][0] <= ms) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
