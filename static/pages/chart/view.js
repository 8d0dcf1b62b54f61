// The chart library behind a few verbs: candles, volume, a second market, what part of them is seen.
import {
  CandlestickSeries, ColorType, CrosshairMode, HistogramSeries, LineSeries, PriceScaleMode, createChart,
} from "../../vendor/lightweight-charts-5.2.1/lightweight-charts.standalone.production.mjs";
import { compact, signed } from "../../shared/js/money.js";
import { Drawing } from "./drawing.js";
import { figure } from "./figures.js";
import { candleOf, withHoles } from "./points.js";
import { token } from "./palette.js";
import { times } from "./times.js";

const html = document.documentElement;
const MODES = { normal: PriceScaleMode.Normal, log: PriceScaleMode.Logarithmic, percent: PriceScaleMode.Percentage };
const AHEAD = 4;
const BAR_PX = 8;
const SETTLED_MS = 350;

export class View {
  // `onCursor(ms | null, dataOf)` as the cursor moves; `onRange(range)` once the seen part came to rest;
  // `onEdge()` when the oldest candle comes into sight.
  constructor(place, { onCursor, onRange, onEdge }) {
    this.place = place;
    this.onCursor = onCursor;
    this.rows = [];
    this.digits = 2;
    this.mode = MODES.normal;
    this.chart = createChart(place, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, panes: { enableResize: true } },
      localization: { locale: "en-GB", timeFormatter: (at) => times.full(at), percentageFormatter: (value) => signed(value) },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: AHEAD, tickMarkFormatter: (at, type) => times.tick(at, type) },
      rightPriceScale: { borderVisible: false, minimumWidth: 76 },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { priceFormat: this.#format(() => this.digits) }, 0);
    this.volume = this.chart.addSeries(HistogramSeries, { priceFormat: { type: "custom", minMove: 1e-8, formatter: compact }, priceLineVisible: false, lastValueVisible: false }, 1);
    this.second = null;
    this.drawing = new Drawing(this.chart, this.candles, (digits) => this.#format(digits), () => this.digits);
    html.addEventListener("looks", () => this.dress());
    addEventListener("beforeprint", () => this.#print());
    addEventListener("afterprint", () => this.printed?.remove());
    this.dress();
    this.stretch();
    this.chart.subscribeCrosshairMove((at) => this.#moved(at));
    let rest = null;
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((seen) => {
      if (!seen || !this.places) return;
      if (seen.from < 10) onEdge();
      clearTimeout(rest);
      rest = setTimeout(() => {
        if (!this.places) return;
        // Between which times candles are seen, for those who cannot look: tests.
        place.dataset.from = this.#timeAt(seen.from);
        place.dataset.to = this.#timeAt(seen.to);
        onRange(this.range());
      }, SETTLED_MS);
    });
  }

  // Every series writes its numbers by the page's own formatter; `digits()` is asked at each writing.
  #format(digits) {
    return { type: "custom", minMove: 1e-10, formatter: (value) => figure(value, digits()) };
  }

  dress() {
    const [ok, bad, line, muted, surface, hairline, raised] = ["ok-text", "bad", "line", "muted", "surface", "hairline", "raised"].map(token);
    const pointer = { color: muted, labelBackgroundColor: raised };
    this.chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: surface }, textColor: muted, panes: { separatorColor: line, separatorHoverColor: hairline } },
      grid: { vertLines: { color: hairline }, horzLines: { color: hairline } },
      crosshair: { vertLine: pointer, horzLine: pointer },
      timeScale: { borderColor: line },
    });
    // Rising candles hollow, falling ones filled: colour does not stand alone.
    this.candles.applyOptions({ upColor: surface, borderUpColor: ok, wickUpColor: ok, downColor: bad, borderDownColor: bad, wickDownColor: bad });
    this.tones = { up: `${ok}66`, down: `${bad}88` };
    this.#price();
    if (this.places) this.#volume();
    this.second?.applyOptions({ color: token("text") });
    this.drawing.dress(this.tones);
  }

  // Paper is white: a picture in the light theme's colours stands in for the chart, which draws too late.
  #print() {
    const { theme } = html.dataset;
    html.dataset.theme = "light";
    this.dress();
    this.printed?.remove();
    this.printed = this.chart.takeScreenshot();
    this.printed.className = "printed";
    html.dataset.theme = theme;
    this.dress();
    this.place.after(this.printed);
  }

  clear() {
    this.rows = [];
    this.places = null;
    this.candles.setData([]);
    this.volume.setData([]);
    this.compare(null);
    this.drawing.clear();
    this.stretch();
  }

  // All candles, oldest first. What is seen stays where it is.
  set(rows, step, digits) {
    this.rows = rows;
    this.digits = digits;
    this.places = withHoles(rows, step);
    this.candles.setData(this.places.map(candleOf));
    this.#volume();
    this.#price();
  }

  // A candle that changed, began, or was closed late; `rows` holds it.
  update(rows, row) {
    this.rows = rows;
    const isOlder = row[0] < this.places.at(-1)[0];
    const at = this.places.findLastIndex(([time]) => time === row[0]);
    if (at >= 0) this.places[at] = row;
    else if (isOlder) return;
    else this.places.push(row);
    this.candles.update(candleOf(row), isOlder);
    this.volume.update(this.#bar(row), isOlder);
    this.#price();
  }

  // The last price's line and the ground of its label, by the way the newest candle goes: a rising
  // candle's own colour is the card's, on which neither would be seen.
  #price() {
    const last = this.rows.at(-1);
    const tone = token(last && last[4] < last[1] ? "price-down" : "price-up");
    if (tone === this.tone) return;
    this.tone = tone;
    this.candles.applyOptions({ priceLineColor: tone });
  }

  #bar(row) {
    const time = times.toChart(row[0]);
    return typeof row[5] === "number" ? { time, value: row[5], color: row[4] >= row[1] ? this.tones.up : this.tones.down } : { time };
  }

  #volume() {
    this.volume.setData(this.places.map((row) => this.#bar(row)));
  }

  // Another market as a line, both in percent of their first candle in sight.
  compare(rows) {
    if (this.second) this.chart.removeSeries(this.second);
    this.second = null;
    if (!rows) return;
    this.second = this.chart.addSeries(LineSeries, { color: token("text"), lineWidth: 2, priceLineVisible: false, priceFormat: this.#format(() => 2) }, 0);
    this.second.setData(rows.filter((row) => typeof row[4] === "number").map((row) => ({ time: times.toChart(row[0]), value: row[4] })));
  }

  // The newest of the other market, changed or begun.
  along(row) {
    if (typeof row[4] === "number") this.second?.update({ time: times.toChart(row[0]), value: row[4] });
  }

  // The scale of prices: normal, log or percent. The other panes keep their own numbers.
  scale(mode) {
    this.mode = MODES[mode] ?? MODES.normal;
    this.#scales();
  }

  #scales() {
    this.chart.panes().forEach((pane, at) => pane.priceScale("right").applyOptions({ mode: at === 0 ? this.mode : PriceScaleMode.Normal, entireTextOnly: true }));
  }

  get auto() {
    return this.chart.priceScale("right").options().autoScale;
  }

  set auto(on) {
    this.chart.priceScale("right").applyOptions({ autoScale: on });
  }

  get #usual() {
    return Math.max(30, Math.min(160, Math.round((this.place.clientWidth - 76) / BAR_PX)));
  }

  // What is seen: `bars` of them up to now, or from one time to another.
  range() {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (!seen) return null;
    const bars = Math.round(seen.to - seen.from) - AHEAD;
    if (seen.to >= this.places.length - 1) return { bars: Math.abs(bars - this.#usual) > 1 ? bars : null };
    return { from: this.#timeAt(seen.from), to: this.#timeAt(seen.to) };
  }

  #timeAt(at) {
    return this.places[Math.max(0, Math.min(this.places.length - 1, Math.round(at)))][0];
  }

  // The time of the first candle in sight.
  first() {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    return this.#timeAt(Math.ceil(seen?.from ?? 0));
  }

  // Times are looked up in the candles themselves: a place counted from the left would move with older candles.
  show(range) {
    const scale = this.chart.timeScale();
    const last = this.places.length - 1;
    if (range?.from !== undefined) {
      const [from, to] = [range.from, range.to].map((at) => scale.timeToIndex(times.toChart(at), true));
      scale.setVisibleLogicalRange({ from, to: Math.max(to, from + 2) });
    } else {
      scale.setVisibleLogicalRange({ from: last - (range?.bars ?? this.#usual), to: last + AHEAD });
    }
  }

  // `share` of what is seen: −0.1 is a tenth to the left.
  pan(share) {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (seen) this.#see(seen.from + (seen.to - seen.from) * share, seen.to + (seen.to - seen.from) * share);
  }

  // Below 1 shows fewer candles; the newest in sight stays.
  zoom(factor) {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (seen) this.#see(seen.to - Math.max(8, Math.min(this.places.length * 2, (seen.to - seen.from) * factor)), seen.to);
  }

  oldest() {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (seen) this.#see(0, seen.to - seen.from);
  }

  now() {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    const to = this.places.length - 1 + AHEAD;
    if (seen) this.#see(to - (seen.to - seen.from), to);
  }

  fit() {
    this.auto = true;
    this.chart.timeScale().fitContent();
  }

  #see(from, to) {
    this.chart.timeScale().setVisibleLogicalRange({ from, to });
  }

  // The cursor on a candle, for those who do not point.
  point(row) {
    this.chart.setCrosshairPosition(row[4], times.toChart(row[0]), this.candles);
    this.onCursor(row[0]);
  }

  unpoint() {
    this.chart.clearCrosshairPosition();
    this.onCursor(null);
  }

  #moved({ time, sourceEvent }) {
    if (sourceEvent || time === undefined) this.onCursor(time === undefined ? null : times.fromChart(time));
  }

  // After panes came or went: their shares of the height, and their scales.
  stretch() {
    this.#scales();
    this.chart.panes().forEach((pane, at) => pane.setStretchFactor(at === 0 ? 6 : at === 1 ? 1.1 : 1.7));
  }
}

