// The last candles. Every cell's text is the server's own string.

import { direction } from "./decimal.js";
import { paced } from "./frame.js";
import { pad } from "./tape.js";
import { element, setText } from "./text.js";
import { times } from "./times.js";

const ROWS = 40;
const DRAW_MILLIS = 200;
const COLUMNS = ["open", "high", "low", "close", "volume", "trade_count"];

export class CandleTable {
  #body;
  #empty;
  #rows = new Map();
  #pane = null;
  #ask = paced(DRAW_MILLIS, () => this.#draw());

  constructor(table, empty) {
    [this.#body] = table.tBodies;
    this.#empty = empty;
  }

  /** Shows what a pane's chart shows. */
  show(pane) {
    this.#pane = pane;
    this.clear();
  }

  changed() { this.#ask(); }

  clear() {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#ask();
  }

  #draw() {
    const { history, seconds, decimals } = this.#pane ?? {};
    if (!history) return;
    const shown = history.list.newest(ROWS);
    const wanted = new Set(shown.map((candle) => candle.window_start));
    for (const [start, row] of this.#rows) {
      if (!wanted.has(start)) { row.remove(); this.#rows.delete(start); }
    }
    shown.forEach((candle, index) => {
      let row = this.#rows.get(candle.window_start);
      if (!row) {
        row = element("tr");
        row.dataset.windowStart = candle.window_start;
        for (let column = 0; column <= COLUMNS.length; column += 1) row.insertCell();
        row.cells[0].textContent = times.window(candle.window_start, seconds);
        this.#rows.set(candle.window_start, row);
      }
      if (this.#body.rows[index] !== row) this.#body.insertBefore(row, this.#body.rows[index] ?? null);
      fill(row, candle, seconds, decimals);
    });
    const nothing = history.state === "loading" ? "Loading candles …" : "No candle yet.";
    const sentence = history.problem || (shown.length ? "" : nothing);
    this.#empty.hidden = !sentence;
    setText(this.#empty, sentence);
  }
}

function fill(row, candle, seconds, decimals) {
  const { revision, trade_count: trades, closed, close, missing_trades: missing } = candle;
  const signature = [revision, trades, closed, close, missing, decimals].join(" ");
  if (row.dataset.signature === signature) return;
  row.dataset.signature = signature;
  row.dataset.closed = closed;
  const moved = direction(candle.open, candle.close);
  const classes = [closed ? "" : "open", { up: "rise", down: "fall" }[moved] ?? "", missing > 0 ? "lacks" : ""];
  row.className = classes.filter(Boolean).join(" ");
  const lacks = missing > 0 ? `; ${missing} trades are missing` : "";
  row.cells[0].title = `${times.full(candle.window_start, seconds)}${closed ? "" : "; still open"}${lacks}`;
  COLUMNS.forEach((name, index) => {
    const cell = row.cells[index + 1];
    setText(cell, String(candle[name]));
    if (index < 4) pad(cell, String(candle[name]), decimals);
  });
  row.cells[4].className = "close";
}
