// The chart library behind a few verbs: candles, volume, indicators, colours of the theme.
import {
  CandlestickSeries, ColorType, CrosshairMode, HistogramSeries, LineSeries, LineStyle, createChart, createSeriesMarkers,
} from "../../vendor/lightweight-charts-5.2.1/lightweight-charts.standalone.production.mjs";

const html = document.documentElement;
const PALETTE = {
  dark: ["#38bdf8", "#fbbf24", "#c084fc", "#34d399", "#fb7185", "#a3e635", "#f472b6", "#60a5fa"],
  light: ["#0369a1", "#b45309", "#7e22ce", "#047857", "#be123c", "#4d7c0f", "#be185d", "#1d4ed8"],
};
const MOST_MISSING = 500;

// The one place where times become the library's: UTC seconds.
export const toChart = (ms) => Math.floor(ms / 1000);

export const colour = (at) => PALETTE[html.dataset.theme === "light" ? "light" : "dark"][at % 8];

const token = (name) => getComputedStyle(html).getPropertyValue(`--${name}`).trim();
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

export class View {
  constructor(place) {
    this.place = place;
    this.chart = createChart(place, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, panes: { enableResize: true } },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4 },
      rightPriceScale: { borderVisible: false, minimumWidth: 76 },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { priceLineVisible: true }, 0);
    this.volume = this.chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false }, 1);
    this.shown = new Map();
    this.marks = createSeriesMarkers(this.candles, []);
    html.addEventListener("looks", () => this.dress());
    this.dress();
    this.#stretch();
  }

  dress() {
    const [ok, bad, line, muted, surface, hairline] = ["ok-text", "bad", "line", "muted", "surface", "hairline"].map(token);
    this.chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: surface }, textColor: muted, panes: { separatorColor: line, separatorHoverColor: hairline } },
      grid: { vertLines: { color: hairline }, horzLines: { color: hairline } },
      timeScale: { borderColor: line },
    });
    // Rising candles hollow, falling ones filled: colour does not stand alone.
    this.candles.applyOptions({ upColor: surface, borderUpColor: ok, wickUpColor: ok, downColor: bad, borderDownColor: bad, wickDownColor: bad });
    this.tones = { up: `${ok}66`, down: `${bad}88` };
    if (this.rows) this.#volume();
    for (const shown of this.shown.values()) this.#paint(shown);
  }

  clear() {
    this.rows = null;
    this.candles.setData([]);
    this.volume.setData([]);
    for (const key of [...this.shown.keys()]) this.remove(key);
  }

  set(rows, step, { fit = true } = {}) {
    this.rows = withHoles(rows, step);
    const size = Math.abs(rows.at(-1)?.[4] ?? 1) || 1;
    const digits = size >= 100 ? 2 : size >= 1 ? 4 : Math.min(10, 4 - Math.floor(Math.log10(size)));
    this.candles.applyOptions({ priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits } });
    this.candles.setData(this.rows.map((row) => this.#candle(row)));
    this.#volume();
    if (fit) this.chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, this.rows.length - 160), to: this.rows.length + 4 });
  }

  update(row) {
    this.candles.update(this.#candle(row));
    this.volume.update(this.#bar(row));
  }

  // An indicator as declared: where it stands, and how each of its outputs is drawn.
  add(key, info, at) {
    this.remove(key);
    const own = info.pane === "own";
    const pane = own ? this.chart.addPane(true) : null;
    const where = () => (own ? pane.paneIndex() : 0);
    const shown = { info, at, pane, lines: [], marks: [], candle: null, levels: [] };
    if (info.outputs.some((output) => output.draw === "candle")) {
      shown.candle = this.chart.addSeries(CandlestickSeries, { priceLineVisible: false }, where());
    }
    info.outputs.forEach((output, order) => {
      if (output.draw === "candle" || output.draw === "marks") return;
      const kind = output.draw === "histogram" ? HistogramSeries : LineSeries;
      shown.lines.push({ output, order, series: this.chart.addSeries(kind, { priceLineVisible: false, lastValueVisible: own && order === 0, lineWidth: 2, title: own && order === 0 ? info.name : "" }, where()) });
    });
    if (own && shown.lines.length === 0 && !shown.candle) {
      // Marks alone, in a pane of their own: as columns.
      const output = info.outputs[0];
      shown.lines.push({ output: { ...output, draw: "histogram" }, order: 0, series: this.chart.addSeries(HistogramSeries, { priceLineVisible: false, lastValueVisible: false, title: info.name }, where()) });
    }
    const first = shown.lines[0]?.series;
    if (own && first) shown.levels = (info.levels ?? []).map((price) => first.createPriceLine({ price, lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: false, title: "" }));
    this.shown.set(key, shown);
    this.#paint(shown);
    this.#stretch();
  }

  values(key, { timestamps, values }) {
    const shown = this.shown.get(key);
    if (!shown) return;
    shown.last = timestamps.at(-1) ?? 0;
    for (const { output, series } of shown.lines) {
      series.setData(timestamps.map((time, at) => this.#point(time, values[output.name]?.[at], output)));
    }
    if (shown.candle) {
      shown.candle.setData(timestamps.map((time, at) => this.#candle([time, ...["open", "high", "low", "close"].map((name) => values[name]?.[at])])));
    }
    if (!shown.pane) this.#marksOf(shown, timestamps, values);
  }

  // The newest values: the rest stands.
  extend(key, { timestamps, values }) {
    const shown = this.shown.get(key);
    if (!shown) return;
    timestamps.forEach((time, at) => {
      // The library takes nothing older than its last place, empty ones included.
      if (time < shown.last) return;
      shown.last = time;
      for (const { output, series } of shown.lines) series.update(this.#point(time, values[output.name]?.[at], output));
      shown.candle?.update(this.#candle([time, ...["open", "high", "low", "close"].map((name) => values[name]?.[at])]));
    });
  }

  remove(key) {
    const shown = this.shown.get(key);
    if (!shown) return;
    this.shown.delete(key);
    for (const { series } of shown.lines) this.chart.removeSeries(series);
    if (shown.candle) this.chart.removeSeries(shown.candle);
    if (shown.pane) this.chart.removePane(shown.pane.paneIndex());
    shown.marks = [];
    this.#allMarks();
    this.#stretch();
  }

  #candle(row) {
    const time = toChart(row[0]);
    const values = row.slice(1, 5).map(number);
    if (values.length < 4 || values.some((value) => value === null)) return { time };
    const [open, high, low, close] = values;
    return { time, open, high, low, close };
  }

  #bar(row) {
    const value = number(row[5]);
    const time = toChart(row[0]);
    return value === null ? { time } : { time, value, color: row[4] >= row[1] ? this.tones.up : this.tones.down };
  }

  #volume() {
    this.volume.setData(this.rows.map((row) => this.#bar(row)));
  }

  #point(time, value, output) {
    const known = number(value);
    if (known === null) return { time: toChart(time) };
    const point = { time: toChart(time), value: known };
    if (output.draw === "histogram") point.color = known >= 0 ? this.tones.up : this.tones.down;
    return point;
  }

  #marksOf(shown, timestamps, values) {
    shown.marks = [];
    for (const output of shown.info.outputs.filter((one) => one.draw === "marks")) {
      const line = values[output.name] ?? [];
      line.forEach((value, at) => {
        // A state that lasts is marked where it begins.
        if (!number(value) || (shown.info.group !== "Pattern Recognition" && line[at - 1] === value)) return;
        const up = value > 0;
        shown.marks.push({ time: toChart(timestamps[at]), position: up ? "belowBar" : "aboveBar", shape: up ? "arrowUp" : "arrowDown", color: colour(shown.at), size: 1 });
      });
    }
    this.#allMarks();
  }

  #allMarks() {
    this.marks.setMarkers([...this.shown.values()].flatMap((one) => one.marks).sort((a, b) => a.time - b.time));
  }

  #paint(shown) {
    const banded = shown.info.outputs.some((output) => output.draw === "upper");
    for (const { output, order, series } of shown.lines) {
      const thin = ["upper", "lower", "dashed"].includes(output.draw);
      const dots = output.draw === "dots";
      series.applyOptions({
        color: colour(shown.at + (banded || thin ? 0 : order)),
        lineWidth: thin || dots ? 1 : 2,
        lineStyle: output.draw === "dashed" ? LineStyle.Dashed : LineStyle.Solid,
        ...(dots ? { lineVisible: false, pointMarkersVisible: true, pointMarkersRadius: 2 } : {}),
      });
    }
    for (const level of shown.levels) level.applyOptions({ color: token("muted") });
    if (shown.candle) {
      const tone = colour(shown.at);
      shown.candle.applyOptions({ upColor: token("surface"), borderUpColor: tone, wickUpColor: tone, downColor: tone, borderDownColor: tone, wickDownColor: tone });
    }
  }

  #stretch() {
    this.chart.panes().forEach((pane, at) => pane.setStretchFactor(at === 0 ? 6 : at === 1 ? 1.3 : 1.9));
  }
}
