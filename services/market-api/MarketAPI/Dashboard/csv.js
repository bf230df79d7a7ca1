// Files for spreadsheets and programs: the server's own strings, in the columns that `/candles?format=csv` has.

const CANDLE_COLUMNS = [
  "symbol", "interval", "window_start", "open", "high", "low", "close", "volume", "quote_volume", "trade_count",
  "taker_buy_volume", "taker_buy_quote_volume", "first_trade_id", "last_trade_id", "missing_trades", "revision",
  "closed",
];
const TRADE_COLUMNS = ["trade_id", "price", "quantity", "taker_side", "event_time_us", "trade_count", "aggregate_id"];

/** Nothing in it needs quotes: numbers, key texts and words. */
const lines = (columns, rows) => [columns, ...rows.map((row) => columns.map((name) => row[name] ?? ""))]
  .map((fields) => `${fields.join(",")}\r\n`).join("");

export const candlesAsCSV = (candles) => lines(CANDLE_COLUMNS, candles);

export const tradesAsCSV = (symbol, trades) =>
  lines(["symbol", ...TRADE_COLUMNS], trades.map((trade) => ({ symbol, ...trade })));

/** Gives the reader a file. */
export function download(name, content, mediaType = "text/csv") {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type: mediaType }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replaceAll(/[^A-Za-z0-9._-]+/g, "-");
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
