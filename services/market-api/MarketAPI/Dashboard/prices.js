// What symbols cost now, live from the feed, and their last 24 hours, which the server sums up.

import { readSummary } from "./market.js";

export class Prices {
  #feed;
  #onPrice;
  #follows = new Map();

  /** The newest price message of each symbol, and its day as /summary has it. */
  latest = new Map();
  days = new Map();

  /** @param onPrice told a symbol and its price, whenever that changes */
  constructor(feed, onPrice) {
    this.#feed = feed;
    this.#onPrice = onPrice;
  }

  /** The price as the server wrote it; undefined before the first. */
  of(symbol) { return this.latest.get(symbol)?.price; }

  /** Follows these symbols and no others. */
  follow(wanted) {
    for (const [symbol, stop] of this.#follows) {
      if (wanted.has(symbol)) continue;
      stop();
      this.#follows.delete(symbol);
    }
    const onMessage = (message) => {
      this.latest.set(message.symbol, message);
      this.#onPrice(message.symbol, message.price);
    };
    for (const symbol of wanted) {
      if (this.#follows.has(symbol)) continue;
      this.#follows.set(symbol, this.#feed.follow({ channel: "price", symbol }, { onMessage }));
    }
  }

  /** Reads the days of all symbols; of those that are not followed it has the price, too. */
  async readDays() {
    const { symbols } = await readSummary();
    for (const day of symbols) {
      this.days.set(day.symbol, day);
      if (!this.#follows.has(day.symbol) && day.close) this.#onPrice(day.symbol, day.close);
    }
    return symbols;
  }
}
