// The colours of the chart, by theme. The library writes black or white on a label by its brightness,
// so the dark theme's tones are bright and the light theme's dark: what is written is always readable.

const html = document.documentElement;
const PALETTE = {
  dark: ["#7dd3fc", "#fbbf24", "#c9a0ff", "#6ee7b7", "#fda4af", "#bef264", "#f9a8d4", "#e2e8f0"],
  light: ["#0369a1", "#b45309", "#7e22ce", "#047857", "#be123c", "#4d7c0f", "#be185d", "#475569"],
};
const SIZE = PALETTE.dark.length;

export const token = (name) => getComputedStyle(html).getPropertyValue(`--${name}`).trim();

export const colour = (at) => (at === null ? token("muted") : PALETTE[html.dataset.theme === "light" ? "light" : "dark"][at % SIZE]);

// A place of the palette for each output: those nobody holds first. Columns are coloured by their sign and
// have none; the two edges of a band, and the prices of a candle, share one.
export function places(outputs, held) {
  const taken = new Set(held.filter((at) => at !== null).map((at) => at % SIZE));
  const free = [...Array(SIZE).keys()].filter((at) => !taken.has(at));
  const found = [];
  for (const { draw } of outputs) {
    const same = { lower: "upper", candle: "candle" }[draw];
    const before = found[outputs.findIndex((output) => output.draw === same)];
    if (draw === "histogram") found.push(null);
    else found.push(before ?? free.shift() ?? (held.length + found.length) % SIZE);
  }
  return found;
}
