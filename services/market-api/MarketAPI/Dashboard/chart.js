// Candles and volume with Lightweight Charts. Numbers become floats here and only to be drawn.

import { chartItems } from "./candles.js";
import { fullTime } from "./text.js";

const UP = "#2ebd85";
const DOWN = "#f6465d";
/** Candles in view at the start. */
const FIRST_VIEW = 120;
/** Fewer bars than this left of the view: older ones are asked for. */
const NEAR_THE_START = 30;

export class Chart {
  #chart;
  #candles;
  #volume;
  #container;
  #seconds = 10;

  /** Whether the library is there: it comes from .deps/assets and may be missing. */
  static get isAvailable() { return Boolean(globalThis.LightweightCharts); }

  /** @param listeners onHover(time or null), onNearStart() */
  constructor(container, { onHover, onNearStart }) {
    const library = globalThis.LightweightCharts;
    this.#container = container;
    this.#chart = library.createChart(container, {
      autoSize: true,
      layout: {
        background: { type: "solid", color: "transparent" }, textColor: "#9aa7b8", fontSize: 12,
        fontFamily: getComputedStyle(document.body).fontFamily,
      },
      grid: { vertLines: { color: "#161d28" }, horzLines: { color: "#161d28" } },
      crosshair: {
        mode: library.CrosshairMode.Normal,
        vertLine: { color: "#4a5a72", labelBackgroundColor: "#2b3950" },
        horzLine: { color: "#4a5a72", labelBackgroundColor: "#2b3950" },
      },
      rightPriceScale: { borderColor: "#1e2633", scaleMargins: { top: 0.1, bottom: 0.24 } },
      timeScale: { borderColor: "#1e2633", timeVisible: true, secondsVisible: true, rightOffset: 6, minBarSpacing: 0.6 },
      localization: { locale: "en-GB", timeFormatter: fullTime },
    });
    this.#volume = this.#chart.addHistogramSeries({
      priceFormat: { type: "volume" }, priceScaleId: "volume", lastValueVisible: false, priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#candles = this.#chart.addCandlestickSeries({
      upColor: UP, downColor: DOWN, borderUpColor: UP, borderDownColor: DOWN, wickUpColor: UP, wickDownColor: DOWN,
    });
    this.#chart.subscribeCrosshairMove((event) => onHover(event.time ?? null));
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < NEAR_THE_START) onNearStart();
    });
  }

  /** Prepares for another symbol or interval. */
  begin(seconds, decimals) {
    this.#seconds = seconds;
    this.#candles.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
    this.#chart.timeScale().applyOptions({ secondsVisible: seconds < 60, timeVisible: seconds < 86400 });
    this.#candles.setData([]);
    this.#volume.setData([]);
    this.#describe();
  }

  /** Draws everything anew and leaves the view where it is, or shows the newest at first. */
  draw(candles, isFirst) {
    const scale = this.#chart.timeScale();
    const position = scale.scrollPosition();
    const items = chartItems(candles, this.#seconds, bar);
    this.#candles.setData(items);
    this.#volume.setData(chartItems(candles, this.#seconds, volumeBar));
    if (isFirst) {
      scale.setVisibleLogicalRange({ from: items.length - FIRST_VIEW, to: items.length + 6 });
      this.#chart.priceScale("right").applyOptions({ autoScale: true });
    } else {
      scale.scrollToPosition(position, false);
    }
    this.#describe(candles[candles.length - 1]);
  }

  /** Draws a change of the newest candle, or the next one. */
  update(candle) {
    this.#candles.update(bar(candle));
    this.#volume.update(volumeBar(candle));
    this.#describe(candle);
  }

  /** Goes to the newest candles. */
  showLatest() {
    this.#chart.priceScale("right").applyOptions({ autoScale: true });
    this.#chart.timeScale().scrollToRealTime();
  }

  /** What is drawn, for people at the console and for tests. */
  bars() { return this.#candles.data(); }

  #describe(last) {
    const text = last ? `Candles and volume; last close ${last.close}` : "Candles and volume; nothing to show yet";
    this.#container.setAttribute("aria-label", text);
  }
}

const bar = (candle) => ({
  time: candle.window_start, open: Number(candle.open), high: Number(candle.high), low: Number(candle.low),
  close: Number(candle.close),
});

const volumeBar = (candle) => ({
  time: candle.window_start, value: Number(candle.volume),
  color: Number(candle.close) >= Number(candle.open) ? "rgba(46, 189, 133, .42)" : "rgba(246, 70, 93, .42)",
});
