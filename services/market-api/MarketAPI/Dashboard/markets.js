// All symbols: price, change and volume of 24 hours, and a line; sorted and filtered. Every figure is the server's, or
// follows from two of its figures exactly.

import { basisPoints, changePercent, compare, direction } from "./decimal.js";
import { paced } from "./frame.js";
import { Sparklines } from "./sparkline.js";
import { element, money, setText, short } from "./text.js";

const DRAW_MILLIS = 250;
/** Rows change places at most so often: a list that jumps under the mouse is none. */
const SORT_MILLIS = 1000;
export const COLUMNS = ["symbol", "price", "change", "volume"];

export class MarketList {
  #table;
  #body;
  #empty;
  #onChoose;
  #onLayout;
  #sparklines;
  #rows = new Map();
  #dirty = new Set();
  #flashing = new Set();
  #sort = { column: "", isFalling: false };
  #filter = "";
  #sortedAt = 0;
  #chosen = null;
  #ask = paced(DRAW_MILLIS, () => this.#draw());

  /** @param options onChoose(symbol); onLayout() when sort or filter changed */
  constructor({ table, filter, empty, onChoose, onLayout }) {
    this.#table = table;
    [this.#body] = table.tBodies;
    this.#empty = empty;
    this.#onChoose = onChoose;
    this.#onLayout = onLayout;
    this.#sparklines = new Sparklines(table.closest(".scroll"));
    filter.addEventListener("input", () => {
      this.setFilter(filter.value);
      this.#onLayout();
    });
    for (const button of table.querySelectorAll("th button")) {
      button.addEventListener("click", () => {
        this.setSort(this.#next(button.dataset.column));
        this.#onLayout();
      });
    }
    this.#body.addEventListener("click", (event) => {
      const symbol = event.target.closest("tr")?.dataset.symbol;
      if (symbol) this.#onChoose(symbol);
    });
  }

  /** "symbol", "-change" and the like; "" is the server's order. */
  get sort() { return (this.#sort.isFalling ? "-" : "") + this.#sort.column; }
  get filter() { return this.#filter; }

  /** The symbols in the order in which they are seen. */
  get shown() { return [...this.#body.rows].filter((row) => !row.hidden).map((row) => row.dataset.symbol); }

  /** @param symbols as /symbols has them */
  build(symbols, intervals) {
    this.#sparklines.clear();
    const before = this.#rows;
    this.#rows = new Map();
    this.#body.replaceChildren(...symbols.map((info, index) => {
      const row = this.#row(info, index, before.get(info.symbol));
      this.#sparklines.add(row.cells.line, info.symbol, intervals);
      this.#rows.set(info.symbol, row);
      this.#dirty.add(info.symbol);
      return row.element;
    }));
    this.choose(this.#chosen);
    this.#arrange();
    this.#ask();
  }

  #row(info, index, before) {
    const row = element("tr");
    row.dataset.symbol = info.symbol;
    const button = element("button", "symbol", info.symbol);
    button.type = "button";
    button.dataset.symbol = info.symbol;
    const head = element("th", "name");
    head.scope = "row";
    head.append(button);
    const cells = {
      line: element("td", "line"), price: element("td", "value", "–"), change: element("td", "moves"),
      volume: element("td", "volume"),
    };
    row.append(head, cells.line, cells.price, cells.change, cells.volume);
    button.title = info.followed ? info.symbol : `${info.symbol} is not followed: nothing new comes.`;
    row.classList.toggle("unfollowed", !info.followed);
    const about = `${info.symbol} ${info.base ?? ""} ${info.quote ?? ""} ${info.venue}`.toUpperCase();
    return {
      element: row, button, cells, index, about, decimals: info.price_decimals, drawn: null, symbol: info.symbol,
      price: before?.price ?? null, day: before?.day ?? null,
    };
  }

  choose(symbol) {
    this.#chosen = symbol;
    for (const [name, { button, element: row }] of this.#rows) {
      const isChosen = name === symbol;
      row.classList.toggle("chosen", isChosen);
      if (isChosen) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
    }
  }

  setPrice(symbol, price) {
    const row = this.#rows.get(symbol);
    if (!row || row.price === price) return;
    row.price = price;
    this.#dirty.add(symbol);
    this.#ask();
  }

  /** @param days as /summary has them */
  setDays(days) {
    for (const day of days) {
      const row = this.#rows.get(day.symbol);
      if (!row) continue;
      row.day = day;
      row.price ??= day.close;
      this.#dirty.add(day.symbol);
    }
    this.#ask();
  }

  setSort(text) {
    const isFalling = text.startsWith("-");
    const column = isFalling ? text.slice(1) : text;
    this.#sort = COLUMNS.includes(column) ? { column, isFalling } : { column: "", isFalling: false };
    for (const button of this.#table.querySelectorAll("th button")) {
      const isSorted = button.dataset.column === this.#sort.column;
      const head = button.closest("th");
      if (isSorted) head.setAttribute("aria-sort", this.#sort.isFalling ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    this.#arrange();
  }

  /** Names rise first, figures fall first; the third time it is the server's order again. */
  #next(column) {
    const first = column === "symbol" ? column : `-${column}`;
    const second = column === "symbol" ? `-${column}` : column;
    return this.sort === first ? second : this.sort === second ? "" : first;
  }

  setFilter(text) {
    this.#filter = text.trim();
    this.#arrange();
  }

  #arrange() {
    this.#sortedAt = performance.now();
    const words = this.#filter.toUpperCase().split(/\s+/).filter(Boolean);
    const sorted = [...this.#rows.values()].sort((one, other) => this.#order(one, other));
    let count = 0;
    sorted.forEach((row, index) => {
      const isShown = words.every((word) => row.about.includes(word));
      if (isShown) count += 1;
      row.element.hidden = !isShown;
      if (this.#body.rows[index] !== row.element) this.#place(row.element, index);
    });
    this.#empty.hidden = count > 0;
    setText(this.#empty, this.#rows.size ? "No symbol has this in its name." : "No symbol is followed yet.");
  }

  #place(row, index) {
    // Moving an element takes the focus from it.
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    this.#body.insertBefore(row, this.#body.rows[index] ?? null);
    focused?.focus({ preventScroll: true });
  }

  #order(one, other) {
    const { column, isFalling } = this.#sort;
    const sign = isFalling ? -1 : 1;
    if (column === "symbol") return sign * (one.symbol < other.symbol ? -1 : one.symbol > other.symbol ? 1 : 0);
    if (!column) return one.index - other.index;
    const [left, right] = [keyOf(one, column), keyOf(other, column)];
    // What is not known stands last, whichever way.
    if (left === null || right === null) return (left === null) - (right === null) || one.index - other.index;
    const difference = column === "change" ? Number(left - right) : compare(left, right);
    return sign * difference || one.index - other.index;
  }

  #draw() {
    for (const cell of this.#flashing) cell.classList.remove("flash-up", "flash-down");
    this.#flashing.clear();
    for (const symbol of this.#dirty) {
      const row = this.#rows.get(symbol);
      if (row) this.#show(row);
    }
    this.#dirty.clear();
    const isByFigures = this.#sort.column && this.#sort.column !== "symbol";
    if (isByFigures && performance.now() - this.#sortedAt > SORT_MILLIS) this.#arrange();
    // A flash ends with the next drawing.
    if (this.#flashing.size) this.#ask();
  }

  #show(row) {
    const { price, day, cells } = row;
    if (price && price !== row.drawn) {
      const moved = row.drawn ? direction(row.drawn, price) : "";
      if (moved) {
        cells.price.classList.add(`flash-${moved}`);
        this.#flashing.add(cells.price);
      }
      row.drawn = price;
      setText(cells.price, money(price, row.decimals));
    }
    const isKnown = price && day?.open;
    setText(cells.change, isKnown ? changePercent(day.open, price) : "");
    cells.change.className = `moves ${isKnown ? direction(day.open, price) : ""}`;
    setText(cells.volume, day ? short(day.quote_volume) : "");
    if (day) cells.volume.title = `${day.quote_volume} traded in 24 hours (${day.volume} units)`;
  }
}

function keyOf({ price, day }, column) {
  if (column === "price") return price;
  if (column === "volume") return day?.quote_volume ?? null;
  return price && day?.open ? basisPoints(day.open, price) : null;
}
