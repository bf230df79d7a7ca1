// The course of a day in a few pixels: hourly closes, or shorter ones of a market that is young. Read for those rows
// alone that are seen, a few at a time.

import { readCandles } from "./market.js";

const WIDTH = 60;
const HEIGHT = 20;
/** From the longest on: interval, candles, and how many there must be. */
const SOURCES = [["1h", 24, 8], ["5m", 60, 8], ["1m", 60, 8], ["10s", 60, 0]];
const FRESH_MILLIS = 300000;
const YOUNG_MILLIS = 30000;
const AT_A_TIME = 3;
const SVG = "http://www.w3.org/2000/svg";

export class Sparklines {
  #rows = new Map();
  #queue = [];
  #running = 0;
  #seen;

  constructor(root) {
    this.#seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const row = this.#rows.get(target);
        if (row) row.isSeen = isIntersecting;
        if (isIntersecting) this.#want(target);
      }
    }, { root, rootMargin: "100px" });
    setInterval(() => { for (const [cell, row] of this.#rows) if (row.isSeen) this.#want(cell); }, 10000);
  }

  /** Fills a cell with a symbol's line, when it is seen. */
  add(cell, symbol, intervals) {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    picture.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(SVG, "polyline");
    picture.append(line);
    cell.replaceChildren(picture);
    const sources = SOURCES.filter(([interval]) => intervals.includes(interval));
    this.#rows.set(cell, { symbol, line, sources, freshUntil: 0, isSeen: false, isWanted: false });
    this.#seen.observe(cell);
  }

  clear() {
    this.#seen.disconnect();
    this.#rows.clear();
    this.#queue = [];
  }

  #want(cell) {
    const row = this.#rows.get(cell);
    if (!row || row.isWanted || performance.now() < row.freshUntil || document.hidden) return;
    row.isWanted = true;
    this.#queue.push(row);
    this.#work();
  }

  #work() {
    while (this.#running < AT_A_TIME && this.#queue.length) {
      this.#running += 1;
      this.#read(this.#queue.shift()).finally(() => {
        this.#running -= 1;
        this.#work();
      });
    }
  }

  async #read(row) {
    row.freshUntil = performance.now() + YOUNG_MILLIS;
    try {
      for (const [interval, limit, least] of row.sources) {
        const { candles } = await readCandles(row.symbol, interval, { limit });
        if (candles.length < least) continue;
        if (interval === row.sources[0][0]) row.freshUntil = performance.now() + FRESH_MILLIS;
        draw(row.line, candles.map((candle) => Number(candle.close)), Number(candles[0]?.open));
        break;
      }
    } catch {
      // A line that cannot be read is not there; the next look asks again.
    } finally {
      row.isWanted = false;
    }
  }
}

function draw(line, closes, open) {
  if (closes.length < 1) return;
  const values = [open, ...closes];
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const step = WIDTH / (values.length - 1);
  const points = values.map((value, index) =>
    `${(index * step).toFixed(1)},${(HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4)).toFixed(1)}`);
  line.setAttribute("points", points.join(" "));
  line.setAttribute("class", closes.at(-1) >= open ? "up" : "down");
}
