// The candles of a symbol and interval: read from the store as far back as somebody looks, and kept whole while they
// form. Charts and lists that show the same share one.

import { CANDLE_LIMIT, CandleList, isNewer } from "./candles.js";
import { pause, readCandles } from "./market.js";

const FIRST_PAGE = 500;
const PAGE = 1000;

export class CandleHistory {
  #feed;
  #listeners = new Set();
  #unfollow;
  /** The read under way. */
  #work = null;
  /** What came live since the read began, by window: the answer may not have it yet. */
  #since = null;
  #reads = 0;

  list = new CandleList();
  /** "loading" until the first answer, then "ready". */
  state = "loading";
  /** Whether older candles may be had. */
  hasOlder = true;
  /** Why nothing can be read; "" if all is well. */
  problem = "";
  /** Why nothing new comes; "" if it does. */
  refusal = "";
  /** How often it was read anew because something may have been missed. */
  syncs = 0;

  constructor(feed, symbol, interval) {
    Object.assign(this, { symbol, interval });
    this.#feed = feed;
    this.#unfollow = feed.follow({ channel: "candles", symbol, interval }, {
      onMessage: (candle) => this.#take(candle),
      onSnapshot: (candles, isWhole) => {
        this.refusal = "";
        if (!isWhole) this.#sync();
        for (const candle of candles) this.#take(candle);
      },
      onRefused: (sentence) => {
        this.refusal = sentence;
        this.#tell("state");
      },
    });
    this.#sync();
  }

  /** Whether no more candles are kept than these. */
  get isFull() { return this.list.size >= CANDLE_LIMIT; }
  get isReading() { return this.#work !== null; }

  /**
   * @param listener told "candle" with the candle and its place, "all" when anything may have changed, and "state"
   * @returns ends it
   */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get hasListeners() { return this.#listeners.size > 0; }

  close() {
    this.#unfollow();
    this.#work?.abort();
    this.#listeners.clear();
  }

  /** Reads candles before the first one. */
  async readOlder() {
    if (this.#work || !this.hasOlder || this.isFull || this.state !== "ready" || !this.list.first) return;
    const work = this.#begin();
    try {
      const page = await this.#page({ limit: PAGE, end: this.list.first.window_start }, work.signal);
      if (work.signal.aborted) return;
      for (const candle of page.candles) this.list.put(candle);
      this.hasOlder = page.next_cursor !== null;
      this.problem = "";
      this.#finish(work);
      this.#tell("all");
    } catch (error) {
      if (work.signal.aborted) return;
      this.problem = error.message;
      this.#tell("state");
      await pause(2, work.signal);
      this.#finish(work);
    }
  }

  // Keeping it whole

  #take(candle) {
    if (this.#since) {
      const known = this.#since.get(candle.window_start);
      if (!known || isNewer(candle, known)) this.#since.set(candle.window_start, candle);
    }
    // What is older than the first candle comes when somebody scrolls there, with all that lies between.
    if (this.state !== "ready" || (this.hasOlder && candle.window_start < (this.list.first?.window_start ?? 0))) return;
    const place = this.list.put(candle);
    if (place !== "none") this.#tell("candle", candle, place);
  }

  /** Reads everything again that is held: any of it may have been amended meanwhile. */
  async #sync() {
    const isFirst = this.state === "loading";
    const work = this.#begin();
    this.#since = new Map();
    if (!isFirst) this.syncs += 1;
    for (let attempt = 0; !work.signal.aborted; attempt += 1) {
      try {
        const { list, hasOlder } = await this.#readAll(work.signal);
        if (work.signal.aborted) return;
        const first = list.first?.window_start ?? 0;
        for (const candle of [...this.#since.values()].sort((a, b) => a.window_start - b.window_start)) {
          if (!hasOlder || candle.window_start >= first) list.put(candle);
        }
        Object.assign(this, { list, hasOlder, state: "ready", problem: "" });
        this.#since = null;
        this.#finish(work);
        this.#tell("all");
        return;
      } catch (error) {
        if (work.signal.aborted) return;
        this.problem = error.message;
        this.#tell("state");
        await pause(attempt, work.signal);
      }
    }
  }

  async #readAll(signal) {
    const oldest = this.list.first?.window_start ?? Infinity;
    const list = new CandleList();
    let end = null;
    for (;;) {
      const page = await this.#page({ limit: this.state === "loading" ? FIRST_PAGE : PAGE, end }, signal);
      for (const candle of page.candles) list.put(candle);
      const hasOlder = page.next_cursor !== null;
      end = page.candles[0]?.window_start ?? null;
      if (!hasOlder || end === null || end <= oldest || list.size >= CANDLE_LIMIT) return { list, hasOlder };
      if (oldest === Infinity) return { list, hasOlder };
    }
  }

  #page({ limit, end }, signal) {
    // Never quite the same question twice: those that are alike share one answer in the server, and that may have been
    // read before the snapshot which it has to follow.
    this.#reads = (this.#reads + 1) % 100;
    return readCandles(this.symbol, this.interval, { limit: limit - this.#reads, end, signal });
  }

  #begin() {
    this.#work?.abort();
    this.#work = new AbortController();
    return this.#work;
  }

  #finish(work) { if (this.#work === work) this.#work = null; }

  #tell(kind, candle, place) { for (const listener of this.#listeners) listener(kind, candle, place); }
}

/** All histories that are shown, each once. */
export class Histories {
  #feed;
  #open = new Map();

  constructor(feed) { this.#feed = feed; }

  /** Of a symbol and interval, for as long as `leave` was not called. */
  join(symbol, interval, listener) {
    const key = `${interval} ${symbol}`;
    let history = this.#open.get(key);
    if (!history) this.#open.set(key, history = new CandleHistory(this.#feed, symbol, interval));
    const end = history.listen(listener);
    const leave = () => {
      end();
      if (history.hasListeners) return;
      history.close();
      if (this.#open.get(key) === history) this.#open.delete(key);
    };
    return { history, leave };
  }
}
