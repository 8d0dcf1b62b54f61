// Indicators on the chart: as they declare themselves, over the price or in panes of their own.
import {
  CandlestickSeries, HistogramSeries, LineSeries, LineStyle, createSeriesMarkers,
} from "../../vendor/lightweight-charts-5.2.1/lightweight-charts.standalone.production.mjs";
import { boundsOf, reach } from "./figures.js";
import { colour, token } from "./palette.js";
import { candleOf, pointOf } from "./points.js";
import { times } from "./times.js";

const PRICES = ["open", "high", "low", "close"];
// Room over and under a fixed scale, so that its ends are not cut.
const ROOM = { above: 6, below: 6 };

export class Drawing {
  // `format(digits)` makes the library's number format; `prices()` are the digits of the market's prices.
  constructor(chart, candles, format, prices) {
    Object.assign(this, { chart, format, prices });
    this.shown = new Map();
    this.tones = { up: "", down: "" };
    this.marks = createSeriesMarkers(candles, []);
  }

  add(one) {
    this.remove(one.key);
    const { info } = one;
    const own = info.pane === "own";
    const pane = own ? this.chart.addPane(true) : null;
    const where = () => (own ? pane.paneIndex() : 0);
    const shown = { one, pane, lines: [], marks: [], candle: null, levels: [], digits: 2, last: 0 };
    const priceFormat = this.format(() => (own ? shown.digits : this.prices()));
    const bounds = boundsOf(one.name);
    const autoscaleInfoProvider = (found) => this.#reach(found(), bounds);
    const options = { priceFormat, priceLineVisible: false, lastValueVisible: own, ...(own && bounds ? { autoscaleInfoProvider } : {}) };
    if (info.outputs.some((output) => output.draw === "candle")) {
      shown.candle = this.chart.addSeries(CandlestickSeries, { priceFormat, priceLineVisible: false, lastValueVisible: false }, where());
    }
    info.outputs.forEach((output, order) => {
      if (output.draw === "candle" || (output.draw === "marks" && !own)) return;
      // Marks in a pane of their own are columns.
      const columns = output.draw === "histogram" || output.draw === "marks";
      shown.lines.push({ output, order, columns, series: this.chart.addSeries(columns ? HistogramSeries : LineSeries, { ...options, lastValueVisible: own && !columns }, where()) });
    });
    const first = shown.lines[0]?.series;
    if (own) (first ?? shown.candle)?.priceScale().applyOptions({ scaleMargins: bounds ? { top: 0.04, bottom: 0.04 } : { top: 0.14, bottom: 0.08 } });
    if (own && first) shown.levels = (info.levels ?? []).map((price) => first.createPriceLine({ price, lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: false, title: "" }));
    this.shown.set(one.key, shown);
    this.#paint(shown);
  }

  // A fixed scale where all values keep to it.
  #reach(found, [minValue, maxValue]) {
    const range = found?.priceRange;
    if (range && (range.minValue < minValue - 1e-6 || range.maxValue > maxValue + 1e-6)) return found;
    return { priceRange: { minValue, maxValue }, margins: ROOM };
  }

  values({ key, rows }) {
    const shown = this.shown.get(key);
    if (!shown) return;
    shown.digits = reach(rows.flatMap((row) => row.slice(1)));
    shown.last = rows.at(-1)?.[0] ?? 0;
    for (const line of shown.lines) line.series.setData(rows.map((row) => this.#pointOf(line, row)));
    shown.candle?.setData(rows.map((row) => this.#candleOf(shown, row)));
    if (!shown.pane) this.#marksOf(shown, rows);
  }

  // The newest `rows` of one changed, or began.
  move(one, rows) {
    const shown = this.shown.get(one.key);
    if (!shown) return;
    if (!shown.last || rows[0][0] < shown.last) {
      this.values(one);
      return;
    }
    shown.digits = one.digits;
    shown.last = rows.at(-1)[0];
    for (const row of rows) {
      for (const line of shown.lines) line.series.update(this.#pointOf(line, row));
      shown.candle?.update(this.#candleOf(shown, row));
    }
    if (!shown.pane) this.#marksOf(shown, one.rows);
  }

  #pointOf({ order, columns }, row) {
    const point = pointOf(row[0], row[order + 1]);
    if (columns && point.value !== undefined) point.color = point.value >= 0 ? this.tones.up : this.tones.down;
    return point;
  }

  #candleOf({ one }, row) {
    return candleOf([row[0], ...PRICES.map((name) => row[one.info.outputs.findIndex((output) => output.name === name) + 1])]);
  }

  remove(key) {
    const shown = this.shown.get(key);
    if (!shown) return;
    this.shown.delete(key);
    for (const { series } of shown.lines) this.chart.removeSeries(series);
    if (shown.candle) this.chart.removeSeries(shown.candle);
    if (shown.pane) this.chart.removePane(shown.pane.paneIndex());
    this.#allMarks();
  }

  clear() {
    for (const key of [...this.shown.keys()]) this.remove(key);
  }

  // The element of the pane that is an indicator's own; null where it is drawn over the price.
  paneOf(key) {
    return this.shown.get(key)?.pane?.getHTMLElement() ?? null;
  }

  dress(tones) {
    this.tones = tones;
    for (const shown of this.shown.values()) {
      this.#paint(shown);
      this.values(shown.one);
    }
  }

  #marksOf(shown, rows) {
    const { group, outputs } = shown.one.info;
    if (!outputs.some(({ draw }) => draw === "marks")) return;
    const lasting = group !== "Pattern Recognition";
    shown.marks = [];
    for (const output of outputs.filter((one) => one.draw === "marks")) {
      const place = outputs.indexOf(output) + 1;
      rows.forEach((row, index) => {
        const value = row[place];
        // A state that lasts is marked where it begins.
        if (!value || (lasting && rows[index - 1]?.[place] === value)) return;
        const up = value > 0;
        shown.marks.push({ time: times.toChart(row[0]), position: up ? "belowBar" : "aboveBar", shape: up ? "arrowUp" : "arrowDown", color: colour(shown.one.colours[0]), size: 1 });
      });
    }
    this.#allMarks();
  }

  #allMarks() {
    this.marks.setMarkers([...this.shown.values()].flatMap((shown) => shown.marks).sort((a, b) => a.time - b.time));
  }

  #paint(shown) {
    const { colours } = shown.one;
    for (const { output, order, columns, series } of shown.lines) {
      if (columns) continue;
      const edge = output.draw === "upper" || output.draw === "lower";
      const dots = output.draw === "dots";
      series.applyOptions({
        color: colour(colours[order]),
        lineWidth: edge || dots || output.draw === "dashed" ? 1 : 2,
        // The first line of an indicator is never a dashed one: two dashed lines look alike.
        lineStyle: output.draw === "dashed" && order > 0 ? LineStyle.Dashed : LineStyle.Solid,
        ...(dots ? { lineVisible: false, pointMarkersVisible: true, pointMarkersRadius: 2 } : {}),
      });
    }
    for (const level of shown.levels) level.applyOptions({ color: token("muted") });
    if (shown.candle) {
      const tone = colour(colours[0]);
      shown.candle.applyOptions({ upColor: token("surface"), borderUpColor: tone, wickUpColor: tone, downColor: tone, borderDownColor: tone, wickDownColor: tone });
    }
  }
}
