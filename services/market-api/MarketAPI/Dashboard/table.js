// The lists beside the chart. Every cell's text is the server's own string.

import { changePercent, direction, money, padding, windowTime, fullTime } from "./text.js";

const ROWS = 40;
const COLUMNS = ["open", "high", "low", "close", "volume", "trade_count"];

/** The last candles, newest first. */
export class CandleTable {
  #body;
  #empty;
  #rows = new Map();

  constructor(table, empty) {
    this.#body = table.tBodies[0];
    this.#empty = empty;
  }

  clear() {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#empty.hidden = false;
  }

  show(candles, intervalSeconds, decimals) {
    const shown = candles.slice(0, ROWS);
    this.#empty.hidden = shown.length > 0;
    const wanted = new Set(shown.map((candle) => candle.window_start));
    for (const [start, row] of this.#rows) {
      if (!wanted.has(start)) { row.remove(); this.#rows.delete(start); }
    }
    shown.forEach((candle, index) => {
      let row = this.#rows.get(candle.window_start);
      if (!row) {
        row = document.createElement("tr");
        row.dataset.windowStart = candle.window_start;
        for (let column = 0; column <= COLUMNS.length; column += 1) row.insertCell();
        row.cells[0].textContent = windowTime(candle.window_start, intervalSeconds);
        row.cells[0].title = `${fullTime(candle.window_start)} UTC`;
        row.cells[4].className = "close";
        this.#rows.set(candle.window_start, row);
      }
      if (this.#body.rows[index] !== row) this.#body.insertBefore(row, this.#body.rows[index] ?? null);
      fill(row, candle, decimals);
    });
  }
}

function fill(row, candle, decimals) {
  const signature = `${candle.revision} ${candle.trade_count} ${candle.closed} ${candle.close} ${decimals}`;
  if (row.dataset.signature === signature) return;
  row.dataset.signature = signature;
  row.dataset.closed = candle.closed;
  const moved = direction(candle.open, candle.close);
  row.className = `${candle.closed ? "" : "open"} ${moved === "up" ? "rise" : moved === "down" ? "fall" : ""}`.trim();
  COLUMNS.forEach((name, index) => {
    const cell = row.cells[index + 1];
    const text = String(candle[name]);
    if (cell.textContent !== text) cell.textContent = text;
    // The zeros that a price lacks are shown by the style sheet: the text stays the server's.
    const zeros = index < 4 ? padding(text, decimals) : "";
    if (zeros) cell.dataset.pad = zeros; else delete cell.dataset.pad;
  });
}

/** The followed symbols; a click shows one. */
export class MarketList {
  #list;
  #onChoose;
  #entries = new Map();

  constructor(list, onChoose) {
    this.#list = list;
    this.#onChoose = onChoose;
  }

  /** @param symbols as /symbols has them */
  build(symbols) {
    this.#entries.clear();
    this.#list.replaceChildren(...symbols.map((info) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.symbol = info.symbol;
      button.append(span("symbol", info.symbol), span("value", "–"), span("moves", ""));
      button.addEventListener("click", () => this.#onChoose(info.symbol));
      item.append(button);
      this.#entries.set(info.symbol, { button, decimals: info.price_decimals, price: null });
      return item;
    }));
  }

  choose(symbol) {
    for (const [name, { button }] of this.#entries) {
      if (name === symbol) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
    }
  }

  show(symbol, price, dayOpen) {
    const entry = this.#entries.get(symbol);
    if (!entry) return;
    const [, value, moves] = entry.button.children;
    if (price !== entry.price) {
      if (entry.price !== null) flash(value, direction(entry.price, price));
      entry.price = price;
      value.textContent = money(price, entry.decimals);
    }
    moves.textContent = dayOpen ? changePercent(dayOpen, price) : "";
    moves.className = `moves ${dayOpen ? direction(dayOpen, price) : ""}`;
  }
}

function flash(element, moved) {
  if (!moved) return;
  element.classList.remove("flash-up", "flash-down");
  // The animation starts again only after the style was computed without it.
  void element.offsetWidth;
  element.classList.add(`flash-${moved}`);
}

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}
