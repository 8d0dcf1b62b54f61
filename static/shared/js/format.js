// Numbers as they are shown. What is not known is a dash, never a zero.

export const NONE = "—";

const known = (value) => typeof value === "number" && Number.isFinite(value);

// `low` to `high` digits after the point, thousands apart, as `Intl.NumberFormat("en")` writes it. A phone takes a
// tenth of a second to make the first of those, and every page begins with numbers.
function fixed(value, low, high) {
  const [whole, part = ""] = rounded(Math.abs(value), high).split(".");
  let end = part.length;
  while (end > low && part[end - 1] === "0") end -= 1;
  const digits = whole.replace(/\B(?=(?:\d{3})+$)/g, ",") + (end ? `.${part.slice(0, end)}` : "");
  return value < 0 && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

// Halves are those of the number as it is written: 1.005 becomes 1.01, though what a machine holds of it is less.
function rounded(value, digits) {
  const text = String(value);
  if (text.includes("e")) return value.toFixed(digits);
  const [whole, part = ""] = text.split(".");
  if (part.length <= digits) return `${whole}.${part.padEnd(digits, "0")}`;
  return Number(`${Math.round(Number(`${text}e${digits}`))}e-${digits}`).toFixed(digits);
}

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

export const number = (value, high = 0, low = 0) => (known(value) ? fixed(value, low, high) : NONE);

// Four digits at most: 2.345T.
export const compact = (value) => (known(value) ? short(value) : NONE);

export const percent = (value, digits = 1) => (known(value) ? `${fixed(value, 0, digits)} %` : NONE);

export const share = (value, digits = 1) => (known(value) ? percent(value * 100, digits) : NONE);

export function ms(value) {
  if (!known(value)) return NONE;
  if (value >= 10000) return `${number(value / 1000, 0)} s`;
  if (value >= 1000) return `${number(value / 1000, 1)} s`;
  return `${number(value, value < 10 ? 1 : 0)} ms`;
}

// As many digits as the size of a price asks for.
export function price(value) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  const digits = size >= 100 ? 2 : size >= 1 ? 4 : size >= 0.01 ? 5 : size > 0 ? Math.min(12, 3 - Math.floor(Math.log10(size))) : 2;
  return fixed(value, Math.min(2, digits), digits);
}

export const signed = (value, digits = 2) =>
  known(value) ? `${value > 0 ? "+" : value < 0 ? "−" : ""}${fixed(Math.abs(value), digits, digits)} %` : NONE;

// `order_book` as people read it.
export const words = (name) => (typeof name === "string" ? name.replaceAll("_", " ") : NONE);
