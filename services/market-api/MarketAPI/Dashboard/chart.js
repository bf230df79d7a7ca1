// Candles and volume with Lightweight Charts. Numbers become floats here and only to be drawn.

import { chartItems, emptyWindows } from "./candles.js";
import { times } from "./times.js";

/** Pixels of a candle in the first view; so many are shown as fit. */
const FIRST_SPACING = 8;
/** Fewer bars than this left of the view: older ones are asked for. */
const NEAR_THE_START = 30;
const SPACE_AT_THE_END = 6;
/** Pixels of the price axis at least: it is not to grow with each digit, and the view not to move with it. */
const AXIS_WIDTH = 78;

export class Chart {
  #library = globalThis.LightweightCharts;
  #chart;
  #candles;
  #volume;
  #container;
  #seconds = 10;
  #colours = {};
  /** Times of all items, those without a value too: the library's `data()` leaves these out. */
  #times = [];
  /** Where the view is going: the library goes there with the next frame. */
  #target = null;

  /** Whether the library is there: it comes from .deps/assets and may be missing. */
  static get isAvailable() { return Boolean(globalThis.LightweightCharts); }

  /** @param listeners onHover(time or null), onNearStart() */
  constructor(container, { onHover, onNearStart }) {
    const library = this.#library;
    this.#container = container;
    this.#chart = library.createChart(container, {
      autoSize: true,
      layout: {
        background: { type: "solid", color: "transparent" }, fontSize: 12,
        fontFamily: getComputedStyle(document.body).fontFamily,
      },
      crosshair: { mode: library.CrosshairMode.Normal },
      rightPriceScale: { minimumWidth: AXIS_WIDTH },
      timeScale: {
        timeVisible: true, secondsVisible: true, rightOffset: SPACE_AT_THE_END, minBarSpacing: 0.02,
        tickMarkFormatter: (time, kind) => times.axis(time, kind, this.#seconds),
      },
      localization: { locale: "en-GB", timeFormatter: (time) => times.full(time, this.#seconds) },
    });
    this.#volume = this.#chart.addHistogramSeries({
      priceFormat: { type: "volume" }, priceScaleId: "volume", lastValueVisible: false, priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#candles = this.#chart.addCandlestickSeries();
    this.#chart.subscribeCrosshairMove((event) => onHover(event.time ?? null));
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      this.#target = null;
      if (range && range.from < NEAR_THE_START) onNearStart();
    });
    this.takeColours();
  }

  remove() { this.#chart.remove(); }

  /** Keeps so many pixels at the top free of candles. */
  makeRoom(pixels) {
    const top = Math.min(0.35, Math.max(0.1, pixels / (this.#container.clientHeight || 1)));
    this.#chart.priceScale("right").applyOptions({ scaleMargins: { top, bottom: 0.24 } });
  }

  /** Takes the colours of the page; draw anew afterwards. */
  takeColours() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.#colours = {
      up: colour("volume-up"), down: colour("volume-down"), warn: colour("warn"), panel: colour("panel"),
      text: colour("soft"),
    };
    const [up, down, line] = [colour("up"), colour("down"), colour("line")];
    const cross = { color: colour("crosshair"), labelBackgroundColor: colour("crosshair-label") };
    this.#chart.applyOptions({
      layout: { textColor: colour("soft") },
      grid: { vertLines: { color: colour("hairline") }, horzLines: { color: colour("hairline") } },
      crosshair: { vertLine: cross, horzLine: cross },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    this.#candles.applyOptions({
      upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down,
    });
  }

  /** Prepares for another symbol or interval. */
  begin(seconds, decimals) {
    this.#seconds = seconds;
    this.#candles.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
    this.#chart.timeScale().applyOptions({ secondsVisible: seconds < 60, timeVisible: seconds < 86400 });
    this.#candles.setMarkers([]);
    this.#candles.setData([]);
    this.#volume.setData([]);
    this.#times = [];
    this.#target = null;
    this.#describe();
  }

  setLog(isLog) {
    const { Logarithmic, Normal } = this.#library.PriceScaleMode;
    this.#chart.priceScale("right").applyOptions({ mode: isLog ? Logarithmic : Normal });
  }

  /** Writes all times anew. */
  takeZone() {
    this.#chart.applyOptions({ localization: { timeFormatter: (time) => times.full(time, this.#seconds) } });
  }

  /**
   * Draws everything anew. The view stays at the candles it shows, or goes on with the newest where it shows that.
   * @param isFirst whether to show the newest, whatever was shown
   */
  draw(candles, isFirst) {
    const anchor = isFirst ? null : this.#anchor();
    const items = chartItems(candles, this.#seconds, bar);
    this.#candles.setData(items);
    this.#volume.setData(chartItems(candles, this.#seconds, (candle) => this.#volumeBar(candle)));
    const lacking = candles.filter((candle) => candle.missing_trades > 0);
    this.#candles.setMarkers(lacking.map((candle) => this.#marker(candle)));
    this.#times = items.map((item) => item.time);
    if (isFirst) {
      const count = Math.max(30, Math.floor(this.#chart.timeScale().width() / FIRST_SPACING));
      this.#setRange({ from: items.length - count, to: items.length - 1 + SPACE_AT_THE_END });
      this.#chart.priceScale("right").applyOptions({ autoScale: true });
    } else if (anchor) {
      const index = indexOf(this.#times, anchor.time);
      this.#setRange({ from: index - anchor.before, to: index + anchor.after });
    }
    this.#describe(candles.at(-1));
  }

  #range() { return this.#target ?? this.#chart.timeScale().getVisibleLogicalRange(); }

  #setRange(range) {
    this.#target = range;
    this.#chart.timeScale().setVisibleLogicalRange(range);
  }

  /** The first candle in view and the bars beside it; null where the view goes with the newest. */
  #anchor() {
    const range = this.#range();
    const count = this.#times.length;
    if (!range || !count || range.to >= count - 1) return null;
    const index = Math.max(0, Math.min(count - 1, Math.ceil(range.from)));
    return { time: this.#times[index], before: index - range.from, after: range.to - index };
  }

  /** Draws a change of the newest candle, or the next one. */
  update(candle) {
    const end = this.#times.at(-1);
    if (end !== undefined && end < candle.window_start) {
      for (const time of emptyWindows(end, candle.window_start, this.#seconds)) {
        this.#candles.update({ time });
        this.#volume.update({ time });
        this.#times.push(time);
      }
    }
    if (end !== candle.window_start) this.#times.push(candle.window_start);
    this.#candles.update(bar(candle));
    this.#volume.update(this.#volumeBar(candle));
    this.#describe(candle);
  }

  // Moving about

  /** Goes to the newest candles. */
  showLatest() {
    this.#target = null;
    this.#chart.priceScale("right").applyOptions({ autoScale: true });
    this.#chart.timeScale().scrollToRealTime();
  }

  /** Shows all that is there. */
  fit() {
    this.#target = null;
    this.#chart.priceScale("right").applyOptions({ autoScale: true });
    this.#chart.timeScale().fitContent();
  }

  /** Moves the view by a part of its width: to the past with a negative one. */
  scroll(part) {
    const range = this.#range();
    if (!range) return;
    const shift = (range.to - range.from) * part;
    this.#setRange({ from: range.from + shift, to: range.to + shift });
  }

  /** Shows fewer candles with a factor below 1, more with one above; the right edge stays. */
  zoom(factor) {
    const range = this.#range();
    if (range) this.#setRange({ from: range.to - (range.to - range.from) * factor, to: range.to });
  }

  /** Puts the crosshair on a candle, and brings it into view. */
  point(candle) {
    const index = indexOf(this.#times, candle.window_start);
    const range = this.#range();
    if (range && (index < range.from || index > range.to)) {
      const width = range.to - range.from;
      this.#setRange({ from: index - width / 2, to: index + width / 2 });
    }
    this.#chart.setCrosshairPosition(Number(candle.close), candle.window_start, this.#candles);
  }

  unpoint() { this.#chart.clearCrosshairPosition(); }

  /** The chart as it is seen, with a line of text above it. */
  picture(title) {
    const shot = this.#chart.takeScreenshot();
    const scale = shot.width / this.#container.clientWidth;
    const head = Math.round(30 * scale);
    const canvas = document.createElement("canvas");
    canvas.width = shot.width;
    canvas.height = shot.height + head;
    const context = canvas.getContext("2d");
    context.fillStyle = this.#colours.panel;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(shot, 0, head);
    context.fillStyle = this.#colours.text;
    context.font = `${Math.round(13 * scale)}px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = "middle";
    context.fillText(title, 12 * scale, head / 2);
    return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  }

  /** What is drawn and seen, for people at the console and for tests. */
  bars() { return this.#candles.data(); }
  volumes() { return this.#volume.data(); }
  marks() { return this.#candles.markers(); }
  times() { return this.#times; }
  range() {
    const range = this.#range();
    const { length } = this.#times;
    const time = (index) => this.#times[Math.max(0, Math.min(length - 1, Math.round(index + 1e-6)))];
    return range && { ...range, first: time(range.from), last: time(range.to) };
  }
  options() {
    return {
      mode: this.#chart.priceScale("right").options().mode, precision: this.#candles.options().priceFormat.precision,
    };
  }
  place(time) { return this.#chart.timeScale().timeToCoordinate(time); }

  #describe(last) {
    const text = last ? `Candles and volume; last close ${last.close}` : "Candles and volume; nothing to show yet";
    this.#container.setAttribute("aria-label", text);
  }

  #volumeBar(candle) {
    const isUp = Number(candle.close) >= Number(candle.open);
    const { up, down } = this.#colours;
    return { time: candle.window_start, value: Number(candle.volume), color: isUp ? up : down };
  }

  #marker(candle) {
    const { warn } = this.#colours;
    return { time: candle.window_start, position: "aboveBar", shape: "circle", size: 0.6, color: warn };
  }
}

const bar = (candle) => ({
  time: candle.window_start, open: Number(candle.open), high: Number(candle.high), low: Number(candle.low),
  close: Number(candle.close),
});

/** The place of the first time that is not before another. */
function indexOf(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1; else high = middle;
  }
  return low;
}
