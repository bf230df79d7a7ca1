// The trades of the chosen symbol, newest first. All are taken in; what is drawn is drawn some times a second.

import { paced } from "./frame.js";
import { element, padding, setText } from "./text.js";
import { times } from "./times.js";

const ROWS = 60;
const DRAW_MILLIS = 200;

export class Tape {
  #body;
  #empty;
  #stream;
  #infoOf;
  #rows = new Map();
  #ask = paced(DRAW_MILLIS, () => this.#draw());

  /** @param infoOf of a symbol, as /symbols has it */
  constructor(table, empty, stream, infoOf) {
    [this.#body] = table.tBodies;
    this.#empty = empty;
    this.#stream = stream;
    this.#infoOf = infoOf;
  }

  changed() { this.#ask(); }

  clear() {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#ask();
  }

  #draw() {
    const { list, symbol, state, problem } = this.#stream;
    const info = this.#infoOf(symbol);
    const trades = list.newest(ROWS);
    const wanted = new Set(trades.map((trade) => trade.trade_id));
    const spare = [];
    for (const [id, row] of this.#rows) {
      if (!wanted.has(id)) {
        this.#rows.delete(id);
        spare.push(row);
      }
    }
    trades.forEach((trade, index) => {
      let row = this.#rows.get(trade.trade_id);
      if (!row) {
        row = spare.pop() ?? newRow();
        fill(row, trade, info);
        this.#rows.set(trade.trade_id, row);
      }
      if (this.#body.rows[index] !== row) this.#body.insertBefore(row, this.#body.rows[index] ?? null);
    });
    for (const row of spare) row.remove();
    const sentence = problem || (trades.length ? "" : state === "loading" ? "Loading trades …" : "No trade yet.");
    this.#empty.hidden = !sentence;
    setText(this.#empty, sentence);
  }
}

function newRow() {
  const row = element("tr");
  for (let column = 0; column < 4; column += 1) row.insertCell();
  return row;
}

function fill(row, trade, info) {
  const [time, price, quantity, side] = row.cells;
  const isBuy = trade.taker_side === "buy";
  row.dataset.tradeId = trade.trade_id;
  row.className = isBuy ? "rise" : "fall";
  const seconds = trade.event_time_us / 1e6;
  setText(time, times.clock(seconds));
  setText(price, trade.price);
  setText(quantity, trade.quantity);
  setText(side, isBuy ? "buy" : "sell");
  pad(price, trade.price, info?.price_decimals ?? 0);
  pad(quantity, trade.quantity, info?.quantity_decimals ?? 0);
  time.title = `${times.full(Math.floor(seconds))}, trade ${trade.trade_id}`;
}

/** The zeros that a number lacks are shown by the style sheet: the text stays the server's. */
export function pad(cell, text, decimals) {
  const zeros = padding(text, decimals);
  if (zeros) cell.dataset.pad = zeros; else delete cell.dataset.pad;
}
