// One candle in words: the server's own strings, and what follows from them exactly.

import { changePercent, direction, meanPrice } from "./decimal.js";
import { element, setText } from "./text.js";
import { times } from "./times.js";

/** Entries in their order: name, class, and the text of a candle ("" leaves it out). */
const ENTRIES = [
  ["", "time", (candle, { seconds }) => times.full(candle.window_start, seconds)],
  ["", "forming", (candle) => (candle.closed ? "" : "open")],
  ["O", "moves", (candle) => candle.open],
  ["H", "moves", (candle) => candle.high],
  ["L", "moves", (candle) => candle.low],
  ["C", "moves", (candle) => candle.close],
  ["", "moves", (candle) => changePercent(candle.open, candle.close)],
  ["Vol", "volume", (candle) => candle.volume],
  ["Trades", "trades", (candle) => String(candle.trade_count)],
  ["VWAP", "vwap", (candle, { decimals }) => meanPrice(candle, decimals)],
  ["Missing", "missing", (candle) => (candle.missing_trades > 0 ? String(candle.missing_trades) : "")],
];

export class Legend {
  #entries;

  constructor(list) {
    this.#entries = ENTRIES.map(([name, className, textOf]) => {
      const group = element("div", className);
      const value = element("dd");
      group.append(element("dt", name ? "" : "visually-hidden", name || className), value);
      list.append(group);
      return { group, value, textOf, moves: className === "moves" };
    });
    this.clear();
  }

  clear(text = "") {
    this.#entries.forEach(({ group, value }, index) => {
      group.hidden = index > 0 || !text;
      setText(value, index === 0 ? text : "");
    });
  }

  /** @param context seconds of the interval, decimals of the price */
  show(candle, context) {
    const moved = direction(candle.open, candle.close);
    for (const { group, value, textOf, moves } of this.#entries) {
      const text = textOf(candle, context);
      group.hidden = !text;
      setText(value, text);
      if (moves) value.className = moved;
    }
  }
}
