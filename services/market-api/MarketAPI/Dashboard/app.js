// The dashboard: puts the parts together.

import { CHART_COUNTS, onAddressChange, readAddress, writeAddress } from "./address.js";
import { candlesAsCSV, download, tradesAsCSV } from "./csv.js";
import { Feed } from "./feed.js";
import { paced } from "./frame.js";
import { Histories } from "./history.js";
import { Keyboard } from "./keyboard.js";
import { pause, readSummary, readSymbols } from "./market.js";
import { MarketList } from "./markets.js";
import { Picker } from "./picker.js";
import { showAge, showQuote } from "./quote.js";
import { Screen } from "./screen.js";
import { judge } from "./state.js";
import { CandleTable } from "./table.js";
import { Tape } from "./tape.js";
import { money, setText } from "./text.js";
import { times } from "./times.js";
import { TradeStream } from "./trades.js";

/** Symbols whose price comes live; of more the list shows what `/summary` says. */
const LIVE_SYMBOLS = 400;
const SUMMARY_MILLIS = 5000;
const SYMBOLS_MILLIS = 30000;
const $ = (id) => document.getElementById(id);
const choices = (name) => document.querySelectorAll(`input[name="${name}"]`);

const market = { symbols: new Map(), intervals: [], defaultSymbol: null };
const live = { prices: new Map(), days: new Map(), follows: new Map(), status: null, statusAt: 0, everOpen: false };
const view = { isLog: false, isReady: false };
const infoOf = (symbol) => market.symbols.get(symbol);

const feed = new Feed({
  onOpen() {
    live.everOpen = true;
    live.status = null;
    showState();
  },
  onClose: () => showState(),
  onStatus(status) {
    live.status = status;
    live.statusAt = performance.now();
    $("simulated").hidden = !status.simulated;
    showState();
  },
});
const trades = new TradeStream(feed, () => tape.changed());
const tape = new Tape($("tape"), $("tape-empty"), trades, infoOf);
const table = new CandleTable($("candles"), $("candles-empty"));
const screen = new Screen($("charts"), {
  histories: new Histories(feed),
  infoOf,
  onFocus: focused,
  onChange: (pane) => { if (pane === screen.pane) table.changed(); },
});
const markets = new MarketList({
  table: $("markets"), filter: $("filter"), empty: $("markets-empty"), onLayout: () => keep(),
  onChoose: (symbol) => select(symbol, screen.pane.interval),
});
const picker = new Picker($("symbol"), $("symbols"), (symbol) => {
  select(symbol, screen.pane.interval);
  screen.pane.root.focus({ preventScroll: true });
});
const keyboard = new Keyboard(shortcuts(), $("help"), () => keep());

// What is shown

/** Names that the server does not know are replaced by what there is. */
function known(symbol, interval) {
  return {
    symbol: market.symbols.has(symbol) ? symbol : market.defaultSymbol,
    interval: market.intervals.includes(interval) ? interval : market.intervals[0],
  };
}

/** Shows a symbol and an interval in the chart with the focus. */
function select(symbol, interval) {
  const wanted = known(symbol, interval);
  if (wanted.symbol === screen.pane.symbol && wanted.interval === screen.pane.interval) return;
  screen.show(wanted.symbol, wanted.interval);
  keep(true);
}

function setCount(count) {
  const charts = screen.layout.slice(0, count);
  const listed = markets.shown.length ? markets.shown : [...market.symbols.keys()];
  // Further charts show the symbols that come next in the list, or the same where there are no others.
  const others = listed.filter((symbol) => !charts.some((chart) => chart.symbol === symbol));
  while (charts.length < count) charts.push(known(others.shift() ?? screen.pane.symbol, screen.pane.interval));
  screen.setLayout(charts, screen.focus);
  keep(true);
}

/** The chart with the focus has changed, or is another: everything beside it follows. */
function focused(pane) {
  const { symbol, interval } = pane;
  if (!symbol) return;
  picker.setChosen(symbol);
  markets.choose(symbol);
  for (const input of choices("interval")) input.checked = input.value === interval;
  for (const input of choices("count")) input.checked = Number(input.value) === screen.panes.length;
  setText($("candles-about"), `· ${symbol} · ${interval}`);
  setText($("tape-about"), `· ${symbol}`);
  if (trades.symbol !== symbol) {
    trades.show(symbol);
    tape.clear();
  }
  table.show(pane);
  followPrices();
  drawQuote();
  showState();
  if (view.isReady) keep();
}

function apply(address) {
  Object.assign(view, { isLog: address.isLog });
  times.isLocal = address.isLocal;
  keyboard.set(address.hasKeys);
  $("filter").value = address.filter;
  markets.setSort(address.sort);
  markets.setFilter(address.filter);
  screen.setLog(view.isLog);
  const used = new Set();
  screen.setLayout(address.charts.map(({ symbol, interval }, index) => {
    const free = [...market.symbols.keys()].find((name) => !used.has(name));
    const chart = known(symbol ?? (index ? free : null), interval);
    used.add(chart.symbol);
    return chart;
  }), address.focus);
  showSwitches();
}

function keep(isStep = false) {
  writeAddress({
    charts: screen.layout, focus: screen.focus, isLog: view.isLog, isLocal: times.isLocal, sort: markets.sort,
    filter: markets.filter, hasKeys: keyboard.isOn,
  }, isStep);
}

function setLog(isLog) {
  view.isLog = isLog;
  screen.setLog(isLog);
  showSwitches();
  keep();
}

function setLocal(isLocal) {
  times.isLocal = isLocal;
  screen.redraw();
  table.clear();
  tape.clear();
  showSwitches();
  keep();
}

function showSwitches() {
  $("log").setAttribute("aria-pressed", String(view.isLog));
  $("zone").setAttribute("aria-pressed", String(times.isLocal));
  setText($("zone"), times.zone);
  $("zone").setAttribute("aria-label", `Local time; shown are times in ${times.zone}`);
  showClock();
}

// Prices and days

const drawQuote = paced(100, () => {
  const info = infoOf(screen.pane?.symbol);
  if (!info) return;
  showQuote(info, live.prices.get(info.symbol)?.price, live.days.get(info.symbol));
  showTitle();
});

function takePrice(message) {
  live.prices.set(message.symbol, message);
  markets.setPrice(message.symbol, message.price);
  if (message.symbol === screen.pane?.symbol) drawQuote();
}

function followPrices() {
  const followed = [...market.symbols.values()].filter((info) => info.followed).map((info) => info.symbol);
  const wanted = new Set([...screen.panes.map((pane) => pane.symbol), ...followed.slice(0, LIVE_SYMBOLS)].filter(Boolean));
  for (const [symbol, stop] of live.follows) {
    if (!wanted.has(symbol)) {
      stop();
      live.follows.delete(symbol);
    }
  }
  for (const symbol of wanted) {
    if (!live.follows.has(symbol)) live.follows.set(symbol, feed.follow({ channel: "price", symbol }, { onMessage: takePrice }));
  }
}

async function refreshSummary() {
  if (document.hidden || (live.everOpen && !feed.isOpen)) return;
  try {
    const { symbols } = await readSummary();
    for (const day of symbols) {
      live.days.set(day.symbol, day);
      if (!live.follows.has(day.symbol) && day.close) markets.setPrice(day.symbol, day.close);
    }
    markets.setDays(symbols);
    drawQuote();
    $("markets-problem").hidden = true;
    if (symbols.some((day) => !market.symbols.has(day.symbol))) await refreshSymbols();
  } catch (error) {
    setText($("markets-problem"), `The figures of 24 hours cannot be read: ${error.message}`);
    $("markets-problem").hidden = false;
  }
}

async function refreshSymbols() {
  let answer;
  try {
    answer = await readSymbols();
  } catch {
    // What is known stays; the state of the connection is told elsewhere.
    return;
  }
  if (takeSymbols(answer)) {
    markets.setDays([...live.days.values()]);
    for (const [symbol, { price }] of live.prices) markets.setPrice(symbol, price);
    followPrices();
    feed.retryRefused();
    screen.redraw();
    drawQuote();
  }
}

/** @returns whether anything is new */
function takeSymbols(answer) {
  const text = JSON.stringify(answer);
  if (text === market.text) return false;
  Object.assign(market, { text, intervals: answer.intervals, defaultSymbol: answer.default_symbol });
  market.symbols = new Map(answer.symbols.map((info) => [info.symbol, info]));
  $("simulated").hidden = !answer.simulated;
  picker.setSymbols(answer.symbols);
  markets.build(answer.symbols, answer.intervals);
  return true;
}

// State

function showState() {
  const { state, label, sentence } = judge({
    everOpen: live.everOpen, isOpen: feed.isOpen, retryInMillis: feed.retryAt - Date.now(), status: live.status,
    statusAgeMillis: performance.now() - live.statusAt, venue: infoOf(screen.pane?.symbol)?.venue,
  });
  const before = document.body.dataset.state;
  document.body.dataset.state = state;
  setText($("status-text"), label);
  say(sentence);
  if (before === state) return;
  showTitle();
  // Read aloud when it changes, and not each second while an age grows.
  setText($("announcement"), sentence || label);
}

function showTitle() {
  const info = infoOf(screen.pane?.symbol);
  if (!info) return;
  const price = live.prices.get(info.symbol)?.price;
  const warning = ["offline", "stale", "interrupted"].includes(document.body.dataset.state) ? "⚠ " : "";
  document.title = `${warning}${price ? `${money(price, info.price_decimals)} ` : ""}${info.symbol} · market-stream`;
}

function say(sentence) {
  $("notice").hidden = !sentence;
  setText($("notice"), sentence);
}

function showClock() {
  setText($("clock"), times.clock(Date.now() / 1000));
  setText($("clock-zone"), times.zone);
  const time = live.prices.get(screen.pane?.symbol)?.event_time_us;
  // By the server's clock: the reader's may be wrong.
  const now = live.status && live.status.time_us / 1000 + performance.now() - live.statusAt;
  showAge(time && now ? now - time / 1000 : null);
}

// Controls

function shortcuts() {
  const step = (by) => {
    const { shown } = markets;
    if (!shown.length) return;
    const at = shown.indexOf(screen.pane.symbol);
    select(shown[(at + by + shown.length) % shown.length], screen.pane.interval);
  };
  const chart = () => screen.pane.chart;
  return [
    { keys: ["?"], label: "?", text: "This list", run: () => keyboard.showHelp() },
    { keys: ["/"], label: "/", text: "Search for a symbol", run: () => $("symbol").focus() },
    { keys: ["m"], label: "m", text: "Filter the list of markets", run: () => $("filter").focus() },
    { keys: ["[", "]"], label: "[ ]", text: "Symbol before, symbol after", run: (key) => step(key === "]" ? 1 : -1) },
    {
      keys: [..."123456789"], label: "1–7", text: "Interval",
      run: (key) => { if (market.intervals[key - 1]) select(screen.pane.symbol, market.intervals[key - 1]); },
    },
    { keys: ["g"], label: "g", text: "One, two or four charts", run: () => setCount(screen.nextCount) },
    { keys: ["p"], label: "p", text: "Next chart", run: () => screen.focusNext() },
    { keys: ["ArrowLeft", "ArrowRight"], label: "← →", text: "Scroll the chart", run: (key) => chart()?.scroll(key === "ArrowRight" ? 0.1 : -0.1) },
    { keys: ["+", "=", "-"], label: "+ -", text: "Fewer or more candles", run: (key) => chart()?.zoom(key === "-" ? 1.25 : 0.8) },
    { keys: [",", "."], label: ", .", text: "Read the candle before, after", run: (key) => screen.pane.step(key === "." ? 1 : -1) },
    { keys: ["Escape"], label: "Esc", text: "Read the newest candle again", run: () => screen.pane.step(0) },
    { keys: ["0", "End"], label: "0", text: "Go to the newest candles", run: () => chart()?.showLatest() },
    { keys: ["f"], label: "f", text: "Fit all candles that are loaded", run: () => chart()?.fit() },
    { keys: ["l"], label: "l", text: "Logarithmic prices", run: () => setLog(!view.isLog) },
    { keys: ["z"], label: "z", text: "Times in UTC or local", run: () => setLocal(!times.isLocal) },
    { keys: ["i"], label: "i", text: "Save a picture of the chart", run: () => screen.pane.savePicture() },
    { keys: ["c"], label: "c", text: "Save the candles as CSV", run: saveCandles },
    { keys: ["t"], label: "t", text: "Light or dark", run: () => $("theme").click() },
  ];
}

function saveCandles() {
  const { symbol, interval, history } = screen.pane;
  download(`${symbol}-${interval}.csv`, candlesAsCSV(history.list.all()));
}

function radio(name, value, text, title, onChange) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name, value });
  const span = document.createElement("span");
  span.textContent = text;
  label.title = title;
  label.append(input, span);
  input.addEventListener("change", onChange);
  return label;
}

function buildControls() {
  $("intervals").append(...market.intervals.map((interval, index) =>
    radio("interval", interval, interval, `Press ${index + 1}`, () => select(screen.pane.symbol, interval))));
  $("counts").append(...CHART_COUNTS.map((count) =>
    radio("count", count, String(count), `${count === 1 ? "One chart" : `${count} charts`} (press g)`, () => setCount(count))));
  const press = { latest: () => screen.pane.chart?.showLatest(), fit: () => screen.pane.chart?.fit(), image: () => screen.pane.savePicture() };
  for (const [id, run] of Object.entries(press)) $(id).addEventListener("click", run);
  $("log").addEventListener("click", () => setLog(!view.isLog));
  $("zone").addEventListener("click", () => setLocal(!times.isLocal));
  $("candles-csv").addEventListener("click", saveCandles);
  $("tape-csv").addEventListener("click", () => download(`${trades.symbol}-trades.csv`, tradesAsCSV(trades.symbol, trades.list.all())));
  $("help-open").addEventListener("click", () => keyboard.showHelp());
  document.addEventListener("themechange", () => screen.redraw());
  for (const button of document.querySelectorAll("#parts button")) {
    button.addEventListener("click", () => showPart(button.dataset.part));
  }
}

/** On a phone one part is seen at a time. */
function showPart(part) {
  document.body.dataset.part = part;
  for (const button of document.querySelectorAll("#parts button")) {
    button.setAttribute("aria-pressed", String(button.dataset.part === part));
  }
}

async function start() {
  feed.connect();
  for (let attempt = 0; ; attempt += 1) {
    try {
      takeSymbols(await readSymbols());
      break;
    } catch (error) {
      say(`The server does not answer: ${error.message}`);
      await pause(attempt);
    }
  }
  buildControls();
  apply(readAddress());
  view.isReady = true;
  keep();
  onAddressChange(apply);
  // For people at the console, and for tests.
  globalThis.marketStream = { screen, feed, trades, times, bars: () => screen.pane.chart?.bars() ?? [] };
  setInterval(showState, 500);
  setInterval(showClock, 1000);
  setInterval(refreshSummary, SUMMARY_MILLIS);
  setInterval(refreshSymbols, SYMBOLS_MILLIS);
  refreshSummary();
}

start();
