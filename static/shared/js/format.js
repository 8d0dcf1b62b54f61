// Numbers as they are shown. What is not known is a dash, never a zero.

export const NONE = "—";

const known = (value) => typeof value === "number" && Number.isFinite(value);

// As `Intl.NumberFormat` writes it, which takes a phone long to make.
function fixed(value, low, high) {
  const [whole, part = ""] = rounded(Math.abs(value), high).split(".");
  let end = part.length;
  while (end > low && part[end - 1] === "0") end -= 1;
  const digits = whole.replace(/\B(?=(?:\d{3})+$)/g, ",") + (end ? `.${part.slice(0, end)}` : "");
  return value < 0 && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

// 1.005 becomes 1.01.
function rounded(value, digits) {
  const text = String(value);
  if (text.includes("e")) return value.toFixed(digits);
  const [whole, part = ""] = text.split(".");
  if (part.length <= digits) return `${whole}.${part.padEnd(digits, "0")}`;
  return Number(`${Math.round(Number(`${text}e${digits}`))}e-${digits}`).toFixed(digits);
}

export const number = (value, high = 0, low = 0) => (known(value) ? fixed(value, low, high) : NONE);

export const percent = (value, digits = 1) => (known(value) ? `${fixed(value, 0, digits)} %` : NONE);

export const share = (value, digits = 1) => (known(value) ? percent(value * 100, digits) : NONE);

export function ms(value) {
  if (!known(value)) return NONE;
  if (value >= 10000) return `${number(value / 1000, 0)} s`;
  if (value >= 1000) return `${number(value / 1000, 1)} s`;
  return `${number(value, value < 10 ? 1 : 0)} ms`;
}

// `order_book` as people read it.
export const words = (name) => (typeof name === "string" ? name.replaceAll("_", " ") : NONE);
