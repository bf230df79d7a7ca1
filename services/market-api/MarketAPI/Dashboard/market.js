// The HTTP side of the API.

/** An answer that is an error, with the server's own sentence. */
export class MarketError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function get(path, parameters = {}, signal) {
  const response = await fetch(`${path}?${new URLSearchParams(parameters)}`.replace(/\?$/, ""), {
    signal, headers: { Accept: "application/json" }, cache: "no-store",
  });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new MarketError(response.status, body.detail ?? `The server answered ${response.status}.`);
  return body;
}

/** Followed symbols with their precision, the intervals, and where the data comes from. */
export const readSymbols = (signal) => get("/symbols", {}, signal);

/** The newest candles, or those before a cursor. */
export function readCandles(symbol, interval, { limit = 500, cursor = null, signal } = {}) {
  const parameters = { symbol, interval, limit, include_open: "true" };
  if (cursor) parameters.cursor = cursor;
  return get("/candles", parameters, signal);
}
