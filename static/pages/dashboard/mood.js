// Fear and greed: a dial cut at the classes of the source that answered, and the last days on a scale of 0 to 100.
import { h, s, setAttribute, setText } from "../../shared/js/dom.js";
import { number } from "../../shared/js/format.js";
import { day, setSince, timeOf } from "../../shared/js/time.js";
import { Spark } from "../../shared/components/spark.js";

// The first value of each class but the lowest. Alternative.me's recorded days have 24 as extreme fear,
// 26 as fear, 42 as fear and 47 as neutral; CoinMarketCap's have 19 as extreme fear, 20 as fear, 44 as neutral.
const BORDERS = { coinmarketcap: [20, 40, 60, 80] };
const USUAL = [25, 47, 55, 76];
const CLASSES = ["extreme fear", "fear", "neutral", "greed", "extreme greed"];
const TOP = 100;
const GAP = 0.7;
const RADIUS = 84;

const point = (value, radius = RADIUS) => {
  const angle = Math.PI * (1 - value / TOP);
  return `${(100 + radius * Math.cos(angle)).toFixed(2)} ${(98 - radius * Math.sin(angle)).toFixed(2)}`;
};

// The source's word has the last say: a border that would put its value into another class gives way.
export function bordersOf(provider, value, classification) {
  const borders = [...(BORDERS[provider] ?? USUAL)];
  const at = CLASSES.indexOf(String(classification ?? "").toLowerCase());
  if (at < 0 || !Number.isFinite(value)) return borders;
  for (let i = 0; i < at; i += 1) borders[i] = Math.min(borders[i], value);
  for (let i = at; i < borders.length; i += 1) borders[i] = Math.max(borders[i], value + 1);
  return borders;
}

export class Mood {
  constructor(element) {
    this.segments = CLASSES.map((_, at) => s("path", { class: `seg m${at}` }));
    this.needle = s("path", { class: "needle" });
    this.dial = s("svg", { class: "gauge", viewBox: "0 0 200 106", role: "img" }, this.segments, this.needle, s("circle", { class: "hub", cx: 100, cy: 98, r: 5 }));
    this.value = h("strong");
    this.word = h("span", { class: "word" });
    this.past = new Spark("Fear and greed, last days");
    this.first = timeOf(NaN, day);
    this.last = timeOf(NaN, day);
    element.append(this.dial, h("p", { class: "reading" }, this.value, this.word),
      h("div", { class: "history" },
        h("div", { class: "scale", "aria-hidden": "true" }, [TOP, TOP / 2, 0].map((text) => h("span", { text }))),
        h("div", { class: "plot" }, this.past.element), h("div", { class: "dates" }, this.first, this.last)));
  }

  set({ data, meta }) {
    const { value, classification } = data;
    const borders = [0, ...bordersOf(meta.provider, value, classification), TOP];
    this.segments.forEach((segment, at) => {
      const [from, to] = [borders[at] + (at ? GAP : 0), Math.max(borders[at] + GAP, borders[at + 1] - (at < 4 ? GAP : 0))];
      setAttribute(segment, "d", `M${point(from)}A${RADIUS} ${RADIUS} 0 0 1 ${point(to)}`);
    });
    setAttribute(this.needle, "d", `M${point(value, 74)}L100 98`);
    setAttribute(this.dial, "aria-label", `Fear and greed: ${number(value)} of ${TOP}, ${classification ?? ""}`);
    setText(this.value, number(value));
    setText(this.word, classification ?? "");
    const series = [...(data.history ?? [])].sort((a, b) => a[0] - b[0]);
    const values = series.map((one) => one[1]);
    this.past.set([{ values, least: TOP }], values.length ? `Last ${values.length} days, from ${number(Math.min(...values))} to ${number(Math.max(...values))}` : "Last days: not known");
    setSince(this.first, series[0]?.[0] ?? NaN);
    setSince(this.last, series.at(-1)?.[0] ?? NaN);
  }
}
