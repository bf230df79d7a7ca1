// The newest trades of one symbol, each once, ascending by id.

import { pause, readTrades } from "./market.js";

/** More than this are not kept: the oldest go. */
export const TRADE_LIMIT = 1000;

export class TradeList {
  #byID = new Map();
  #ids = [];

  get size() { return this.#ids.length; }

  /** Takes a trade; one that is known, or older than all of a full list, is left. */
  put(trade) {
    const id = trade.trade_id;
    if (this.#byID.has(id)) return false;
    const last = this.#ids.at(-1);
    if (last === undefined || id > last) {
      this.#ids.push(id);
    } else {
      if (this.#ids.length >= TRADE_LIMIT && id < this.#ids[0]) return false;
      let low = 0;
      let high = this.#ids.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.#ids[middle] < id) low = middle + 1; else high = middle;
      }
      this.#ids.splice(low, 0, id);
    }
    this.#byID.set(id, trade);
    // Dropped in larger lots: a shift of the whole array for each trade would cost more than the trade.
    if (this.#ids.length > TRADE_LIMIT + 200) {
      for (const old of this.#ids.splice(0, this.#ids.length - TRADE_LIMIT)) this.#byID.delete(old);
    }
    return true;
  }

  /** Those kept, ascending. */
  all() { return this.#ids.slice(-TRADE_LIMIT).map((id) => this.#byID.get(id)); }

  /** The newest `count`, newest first. */
  newest(count) { return this.#ids.slice(-count).reverse().map((id) => this.#byID.get(id)); }
}

/** The trades of a symbol as they happen. */
export class TradeStream {
  #feed;
  #onChange;
  #unfollow = () => {};
  #work = null;

  list = new TradeList();
  symbol = null;
  /** "loading" until the first answer, then "ready". */
  state = "loading";
  problem = "";

  constructor(feed, onChange) {
    this.#feed = feed;
    this.#onChange = onChange;
  }

  show(symbol) {
    if (symbol === this.symbol) return;
    this.#unfollow();
    Object.assign(this, { symbol, list: new TradeList(), state: "loading", problem: "" });
    const { list } = this;
    const take = (trades) => {
      for (const trade of trades) list.put(trade);
      this.#onChange();
    };
    this.#unfollow = this.#feed.follow({ channel: "trades", symbol }, {
      onMessage: (trade) => take([trade]),
      onSnapshot: (trades, isWhole) => {
        take(trades);
        if (!isWhole) this.#sync();
      },
      onRefused: (sentence) => {
        this.problem = sentence;
        this.#onChange();
      },
    });
    this.#sync();
  }

  /** Reads what the server still has: the snapshot holds only a few. */
  async #sync() {
    this.#work?.abort();
    const work = new AbortController();
    this.#work = work;
    const { symbol, list } = this;
    for (let attempt = 0; !work.signal.aborted; attempt += 1) {
      try {
        const { trades } = await readTrades(symbol, TRADE_LIMIT, work.signal);
        if (work.signal.aborted) return;
        for (const trade of trades) list.put(trade);
        Object.assign(this, { state: "ready", problem: "" });
        this.#onChange();
        return;
      } catch (error) {
        if (work.signal.aborted) return;
        this.problem = error.message;
        this.#onChange();
        await pause(attempt, work.signal);
      }
    }
  }
}
