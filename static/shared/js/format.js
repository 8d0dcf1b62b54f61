// Numbers as they are shown. What is not known is a dash, never a zero.

export const NONE = "—";

const known = (value) => typeof value === "number" && Number.isFinite(value);
const formats = new Map();

function fixed(low, high) {
  const key = `${low}/${high}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat("en", { minimumFractionDigits: low, maximumFractionDigits: high }));
  }
  return formats.get(key);
}

// Made when it is first needed: a phone takes long to make one.
let short = null;

export const number = (value, high = 0, low = 0) => (known(value) ? fixed(low, high).format(value) : NONE);

export const compact = (value) => (known(value) ? (short ??= new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 })).format(value) : NONE);

export const percent = (value, digits = 1) => (known(value) ? `${fixed(0, digits).format(value)} %` : NONE);

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
  return fixed(Math.min(2, digits), digits).format(value);
}

export const signed = (value, digits = 2) =>
  known(value) ? `${value > 0 ? "+" : value < 0 ? "−" : ""}${fixed(digits, digits).format(Math.abs(value))} %` : NONE;

// `order_book` as people read it.
export const words = (name) => (typeof name === "string" ? name.replaceAll("_", " ") : NONE);
