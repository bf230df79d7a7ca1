// The candles of one symbol and interval, as the server sent them.

export const INTERVAL_SECONDS = { "10s": 10, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14400, "1d": 86400 };

/** More than this are not kept: the oldest go. */
export const CANDLE_LIMIT = 40000;
/** Empty windows shown between two candles, and in all. A longer pause is drawn shorter. */
const WHITESPACE_PER_GAP = 300;
const WHITESPACE_IN_ALL = 5000;

/** Whether `next` is a later state of the same window than `known`. */
export function isNewer(next, known) {
  if (next.closed !== known.closed) return next.closed;
  if (next.closed) return next.revision >= known.revision;
  return next.trade_count >= known.trade_count;
}

/** Ascending candles by window start; each window has its latest known state. */
export class CandleList {
  #byStart = new Map();
  #starts = [];

  get size() { return this.#starts.length; }
  get first() { return this.#byStart.get(this.#starts[0]); }
  get last() { return this.#byStart.get(this.#starts[this.#starts.length - 1]); }
  at(start) { return this.#byStart.get(start); }

  /** All candles, ascending. */
  all() { return this.#starts.map((start) => this.#byStart.get(start)); }

  /** The newest `count`, newest first. */
  newest(count) { return this.#starts.slice(-count).reverse().map((start) => this.#byStart.get(start)); }

  /**
   * Takes one candle.
   * @returns "none" if it is known or outdated, "last" if it is the newest window, "inside" otherwise.
   */
  put(candle) {
    const start = candle.window_start;
    const known = this.#byStart.get(start);
    if (known && !isNewer(candle, known)) return "none";
    this.#byStart.set(start, candle);
    const end = this.#starts[this.#starts.length - 1];
    if (known) return start === end ? "last" : "inside";
    if (end === undefined || start > end) {
      this.#starts.push(start);
      this.#trim();
      return "last";
    }
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] < start) low = middle + 1; else high = middle;
    }
    this.#starts.splice(low, 0, start);
    this.#trim();
    return "inside";
  }

  #trim() {
    while (this.#starts.length > CANDLE_LIMIT) this.#byStart.delete(this.#starts.shift());
  }
}

/** The windows between two candles in which nothing was traded: the chart would else draw them side by side. */
export function emptyWindows(from, to, seconds, cap = WHITESPACE_PER_GAP) {
  const missing = Math.round((to - from) / seconds) - 1;
  const shown = Math.min(missing, cap);
  const windows = [];
  // Of a long pause the windows before its end are shown, so that times near the newer candle stay regular.
  for (let index = shown; index >= 1; index -= 1) windows.push(to - index * seconds);
  return windows;
}

/** What the chart is given: candles, and times without a value for empty windows. */
export function chartItems(candles, seconds, toItem) {
  const items = [];
  let budget = WHITESPACE_IN_ALL;
  let previous;
  for (const candle of candles) {
    if (previous !== undefined && budget > 0) {
      const windows = emptyWindows(previous, candle.window_start, seconds, Math.min(WHITESPACE_PER_GAP, budget));
      budget -= windows.length;
      for (const time of windows) items.push({ time });
    }
    items.push(toItem(candle));
    previous = candle.window_start;
  }
  return items;
}

/** Whether two states of a candle are drawn alike. */
export function isDrawnAlike(one, other) {
  return one.open === other.open && one.high === other.high && one.low === other.low && one.close === other.close
    && one.volume === other.volume && one.missing_trades === other.missing_trades;
}
