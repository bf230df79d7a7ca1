// The HTTP side of the API.

/** An answer takes at most this long; a server that takes a connection and says nothing is given up. */
const PATIENCE_MILLIS = 15000;

/** An answer that is an error, with the server's own sentence. */
export class MarketError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function get(path, parameters = {}, signal = undefined) {
  const query = String(new URLSearchParams(parameters));
  const patience = AbortSignal.timeout(PATIENCE_MILLIS);
  let response;
  try {
    response = await fetch(query ? `${path}?${query}` : path, {
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      headers: { Accept: "application/json" }, cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new MarketError(0, "The server cannot be reached.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new MarketError(response.status, body.detail ?? `The server answered ${response.status}.`);
  return body;
}

/** Followed symbols with their precision, the intervals, and where the data comes from. */
export const readSymbols = () => get("/symbols");

/** The last 24 hours of all followed symbols. */
export const readSummary = () => get("/summary");

/** The newest trades, ascending by id. */
export const readTrades = (symbol, limit, signal) => get("/trades/recent", { symbol, limit }, signal);

/** The newest candles, or the newest that began before `end`; ascending, the open one too. */
export function readCandles(symbol, interval, { limit = 500, end = null, signal } = {}) {
  const parameters = { symbol, interval, limit, include_open: "true" };
  if (end !== null) parameters.end = end;
  return get("/candles", parameters, signal);
}

/** Waits, the longer the more often it was for nothing, by chance a little less, so that not all come back at once. */
export function pause(attempt, signal) {
  const millis = Math.min(500 * 2 ** attempt, 10000) * (0.5 + Math.random() / 2);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
