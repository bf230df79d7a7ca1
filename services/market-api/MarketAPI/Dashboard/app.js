// The dashboard: puts the parts together and decides what is shown.

import { onAddressChange, readAddress, writeAddress } from "./address.js";
import { CandleList, INTERVAL_SECONDS } from "./candles.js";
import { Chart } from "./chart.js";
import { Feed } from "./feed.js";
import { readCandles, readSymbols } from "./market.js";
import { showLegend, showQuote } from "./quote.js";
import { judge } from "./state.js";
import { CandleTable, MarketList } from "./table.js";
import { clock, money } from "./text.js";

/** Symbols whose day is followed for the list of markets. */
const LISTED_SYMBOLS = 200;
const RETRY_MILLIS = 2000;
const NO_CHART = "The chart library is missing: run scripts/setup, then start market-api again. Prices and candles go on beside.";
const $ = (id) => document.getElementById(id);

const market = { symbols: new Map(), intervals: [], defaultSymbol: null };
const live = { prices: new Map(), days: new Map(), status: null, statusAt: 0, everOpen: false };
const view = { symbol: null, interval: null, list: new CandleList(), cursor: null, load: null, hover: null, isDrawn: false, hasHistory: false, isSettled: false };
const dirty = { prices: new Set(), bars: [], redraw: false, table: false, legend: false, quote: false };
let frameAsked = false;

const table = new CandleTable($("candles"), $("candles-empty"));
const markets = new MarketList($("markets"), (symbol) => select(symbol, view.interval));
let chart = null;

const feed = new Feed({
  onOpen() {
    // What was published while the socket was down is lost to us: history has it.
    if (live.everOpen) reload();
    live.everOpen = true;
    live.status = null;
    showState();
  },
  onClose: showState,
  onMessage: receive,
});

// Live data

function receive(message) {
  switch (message.type) {
    case "price": takePrice(message.symbol, message); break;
    case "candle": takeCandle(message.candle); break;
    case "snapshot":
      if (message.price) takePrice(message.symbol, message.price);
      for (const candle of Object.values(message.candles)) takeCandle(candle);
      break;
    case "status":
      live.status = message;
      live.statusAt = performance.now();
      $("simulated").hidden = !message.simulated;
      showState();
      break;
    case "gap": reload(); break;
    case "error": console.warn(`The server refused a request: ${message.detail}`); break;
    default: break;
  }
}

function takePrice(symbol, { price, event_time_us: time }) {
  live.prices.set(symbol, { price, time });
  dirty.prices.add(symbol);
  if (symbol === view.symbol) dirty.quote = true;
  ask();
}

function takeCandle(candle) {
  if (candle.interval === "1d") {
    const day = live.days.get(candle.symbol);
    if (!day || candle.window_start >= day.window_start) {
      live.days.set(candle.symbol, candle);
      dirty.prices.add(candle.symbol);
      if (candle.symbol === view.symbol) dirty.quote = true;
      ask();
    }
  }
  if (candle.symbol === view.symbol && candle.interval === view.interval) put(candle);
}

function put(candle) {
  const place = view.list.put(candle);
  if (place === "none") return;
  if (place === "last" && view.isDrawn && dirty.bars.length < 100) dirty.bars.push(candle); else dirty.redraw = true;
  dirty.table = true;
  dirty.legend = true;
  ask();
}

// History

/** Shows a symbol and an interval; unknown ones are replaced by what there is. */
function select(symbol, interval) {
  if (!market.symbols.has(symbol)) symbol = market.defaultSymbol;
  if (!market.intervals.includes(interval)) [interval] = market.intervals;
  if (symbol === view.symbol && interval === view.interval) return;
  Object.assign(view, { symbol, interval, list: new CandleList(), cursor: null, hover: null, isDrawn: false });
  Object.assign(view, { hasHistory: false, isSettled: false });
  Object.assign(dirty, { bars: [], redraw: false, table: false, legend: true, quote: true });
  document.body.dataset.symbol = symbol;
  document.body.dataset.interval = interval;
  delete document.body.dataset.loaded;
  writeAddress(view);
  $("symbol").value = symbol;
  const choice = document.querySelector(`#intervals input[value="${interval}"]`);
  if (choice) choice.checked = true;
  const info = market.symbols.get(symbol);
  $("venue").textContent = info.venue;
  $("day-unit").textContent = info.base ?? "";
  $("candles-interval").textContent = `· ${symbol} · ${interval}`;
  markets.choose(symbol);
  table.clear();
  chart?.begin(INTERVAL_SECONDS[interval], info.price_decimals);
  feed.follow("chart", [symbol], [interval, "1d"]);
  reload();
  ask();
}

/** Reads the newest candles and takes them in beside what came live. */
async function reload() {
  if (!view.symbol) return;
  view.load?.abort();
  const load = new AbortController();
  view.load = load;
  const { symbol, interval } = view;
  for (;;) {
    try {
      const page = await readCandles(symbol, interval, { signal: load.signal });
      if (load.signal.aborted) return;
      if (!view.hasHistory) view.cursor = page.next_cursor;
      view.hasHistory = true;
      for (const candle of page.candles) view.list.put(candle);
      Object.assign(dirty, { redraw: true, table: true, legend: true });
      document.body.dataset.loaded = `${symbol} ${interval}`;
      say("");
      ask();
      view.load = null;
      return;
    } catch (error) {
      if (load.signal.aborted) return;
      if (feed.isOpen) say(error.message);
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MILLIS); });
      if (load.signal.aborted) return;
    }
  }
}

/** Reads older candles when the view comes near the first one. */
async function readOlder() {
  if (!view.cursor || view.load || !view.isSettled) return;
  const load = new AbortController();
  view.load = load;
  try {
    const page = await readCandles(view.symbol, view.interval, { cursor: view.cursor, signal: load.signal });
    if (load.signal.aborted) return;
    view.cursor = page.next_cursor;
    for (const candle of page.candles) view.list.put(candle);
    dirty.redraw = true;
    ask();
  } catch (error) {
    if (!load.signal.aborted) say(error.message);
  } finally {
    if (view.load === load) view.load = null;
  }
}

// Drawing: once a frame, whatever came meanwhile

function ask() {
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(() => {
    frameAsked = false;
    draw();
  });
}

function draw() {
  const info = market.symbols.get(view.symbol);
  if (!info) return;
  if (chart && dirty.redraw) {
    // Until history is there the view is set anew with each candle; afterwards it is the user's.
    chart.draw(view.list.all(), !view.isSettled);
    view.isDrawn = true;
    view.isSettled = view.hasHistory;
  } else if (chart) {
    for (const candle of dirty.bars) chart.update(candle);
  }
  if (dirty.table) table.show(view.list.newest(40), INTERVAL_SECONDS[view.interval], info.price_decimals);
  if (dirty.legend) showLegend((view.hover !== null && view.list.at(view.hover)) || view.list.last);
  if (dirty.quote) {
    showQuote(info, live.prices.get(view.symbol)?.price, live.days.get(view.symbol));
    showTitle();
  }
  for (const symbol of dirty.prices) {
    const price = live.prices.get(symbol)?.price;
    if (price) markets.show(symbol, price, live.days.get(symbol)?.open);
  }
  dirty.prices.clear();
  Object.assign(dirty, { bars: [], redraw: false, table: false, legend: false, quote: false });
}

// State

function showState() {
  const { state, label, sentence } = judge({
    everOpen: live.everOpen, isOpen: feed.isOpen, retryInMillis: feed.retryAt - Date.now(), status: live.status,
    statusAgeMillis: performance.now() - live.statusAt, venue: market.symbols.get(view.symbol)?.venue,
  });
  const before = document.body.dataset.state;
  document.body.dataset.state = state;
  if ($("status-text").textContent !== label) $("status-text").textContent = label;
  if (sentence) say(sentence, state); else if ($("notice").dataset.about) say("");
  if (before !== state) showTitle();
}

function showTitle() {
  const info = market.symbols.get(view.symbol);
  const known = live.prices.get(view.symbol);
  const warning = ["offline", "stale", "interrupted"].includes(document.body.dataset.state) ? "⚠ " : "";
  const price = known && info ? `${money(known.price, info.price_decimals)} ` : "";
  document.title = view.symbol ? `${warning}${price}${view.symbol} · market-stream` : "market-stream";
}

function say(sentence, about = "") {
  const notice = $("notice");
  if (!sentence && !chart) sentence = NO_CHART;
  // A sentence about the state stays until the state changes.
  if (!about && notice.dataset.about && ["offline", "stale", "interrupted"].includes(document.body.dataset.state)) return;
  notice.textContent = sentence;
  notice.hidden = !sentence;
  if (about) notice.dataset.about = about; else delete notice.dataset.about;
}

// Start

function buildPickers() {
  $("symbol").replaceChildren(...[...market.symbols.keys()].map((symbol) => new Option(symbol, symbol)));
  $("intervals").append(...market.intervals.map((interval, index) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const text = document.createElement("span");
    Object.assign(input, { type: "radio", name: "interval", value: interval });
    text.textContent = interval;
    label.title = `Press ${index + 1}`;
    label.append(input, text);
    input.addEventListener("change", () => select(view.symbol, interval));
    return label;
  }));
  $("symbol").addEventListener("change", (event) => select(event.target.value, view.interval));
  $("fit").addEventListener("click", () => chart?.showLatest());
  addEventListener("keydown", onKey);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "radio") return;
  const symbols = [...market.symbols.keys()];
  const step = { "[": symbols.length - 1, "]": 1 }[event.key];
  if (step) select(symbols[(symbols.indexOf(view.symbol) + step) % symbols.length], view.interval);
  else if (event.key === "0") chart?.showLatest();
  else if (/^[1-9]$/.test(event.key) && market.intervals[event.key - 1]) select(view.symbol, market.intervals[event.key - 1]);
}

async function start() {
  setInterval(() => {
    $("clock").textContent = clock(Date.now() / 1000);
    showState();
  }, 500);
  if (Chart.isAvailable) {
    chart = new Chart($("chart"), {
      onHover(time) { view.hover = time; dirty.legend = true; ask(); },
      onNearStart: readOlder,
    });
    globalThis.marketStream = { bars: () => chart.bars() };
  }
  feed.connect();
  for (;;) {
    try {
      const answer = await readSymbols();
      for (const info of answer.symbols) market.symbols.set(info.symbol, info);
      market.intervals = answer.intervals;
      market.defaultSymbol = answer.default_symbol;
      $("simulated").hidden = !answer.simulated;
      break;
    } catch (error) {
      say(`The server does not answer: ${error.message}`);
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MILLIS); });
    }
  }
  buildPickers();
  markets.build([...market.symbols.values()].slice(0, LISTED_SYMBOLS));
  feed.follow("markets", [...market.symbols.keys()].slice(0, LISTED_SYMBOLS), ["1d"]);
  const wanted = readAddress();
  select(wanted.symbol, wanted.interval);
  onAddressChange(({ symbol, interval }) => select(symbol, interval));
}

start();
