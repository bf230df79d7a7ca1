// The dashboard: puts the parts together.

import { onAddressChange, readAddress, writeAddress } from "./address.js";
import { buildControls, choices, shortcuts } from "./controls.js";
import { candlesAsCSV, download, tradesAsCSV } from "./csv.js";
import { Feed } from "./feed.js";
import { paced } from "./frame.js";
import { Histories } from "./history.js";
import { Keyboard } from "./keyboard.js";
import { pause, readSymbols } from "./market.js";
import { MarketList } from "./markets.js";
import { Picker } from "./picker.js";
import { Prices } from "./prices.js";
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

const market = { symbols: new Map(), intervals: [], defaultSymbol: null, text: "" };
const server = { status: null, statusAt: 0, everOpen: false };
const view = { isLog: false, isReady: false };
const infoOf = (symbol) => market.symbols.get(symbol);

const feed = new Feed({
  onOpen() {
    server.everOpen = true;
    server.status = null;
    showState();
  },
  onClose: () => showState(),
  onStatus(status) {
    server.status = status;
    server.statusAt = performance.now();
    $("simulated").hidden = !status.simulated;
    showState();
  },
});
const prices = new Prices(feed, (symbol, price) => {
  markets.setPrice(symbol, price);
  if (symbol === screen.pane?.symbol) drawQuote();
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
const actions = {
  help: () => keyboard.showHelp(),
  chart: () => screen.pane.chart,
  setCount,
  nextCount: () => setCount(screen.nextCount),
  nextChart: () => screen.focusNext(),
  stepCandle: (by) => screen.pane.step(by),
  savePicture: () => screen.pane.savePicture(),
  toggleLog: () => setLog(!view.isLog),
  toggleZone: () => setLocal(!times.isLocal),
  chooseInterval(index) {
    if (market.intervals[index]) select(screen.pane.symbol, market.intervals[index]);
  },
  stepSymbol(by) {
    const { shown } = markets;
    const at = shown.indexOf(screen.pane.symbol);
    if (shown.length) select(shown[(at + by + shown.length) % shown.length], screen.pane.interval);
  },
  saveCandles() {
    const { symbol, interval, history } = screen.pane;
    download(`${symbol}-${interval}.csv`, candlesAsCSV(history.list.all()));
  },
  saveTrades: () => download(`${trades.symbol}-trades.csv`, tradesAsCSV(trades.symbol, trades.list.all())),
};
const keyboard = new Keyboard(shortcuts(actions), $("help"), () => keep());

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

function followPrices() {
  const followed = [...market.symbols.values()].filter((info) => info.followed).map((info) => info.symbol);
  const shown = screen.panes.map((pane) => pane.symbol).filter(Boolean);
  prices.follow(new Set([...shown, ...followed.slice(0, LIVE_SYMBOLS)]));
}

function apply(address) {
  view.isLog = address.isLog;
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

// What the server says

const drawQuote = paced(100, () => {
  const info = infoOf(screen.pane?.symbol);
  if (!info) return;
  showQuote(info, prices.of(info.symbol), prices.days.get(info.symbol));
  showTitle();
});

async function refreshSummary() {
  if (document.hidden || (server.everOpen && !feed.isOpen)) return;
  const problem = $("markets-problem");
  try {
    const days = await prices.readDays();
    markets.setDays(days);
    drawQuote();
    problem.hidden = true;
    if (days.some((day) => !market.symbols.has(day.symbol))) await refreshSymbols();
  } catch (error) {
    setText(problem, `The figures of 24 hours cannot be read: ${error.message}`);
    problem.hidden = false;
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
  if (!takeSymbols(answer)) return;
  markets.setDays([...prices.days.values()]);
  for (const [symbol, { price }] of prices.latest) markets.setPrice(symbol, price);
  followPrices();
  feed.retryRefused();
  screen.redraw();
  drawQuote();
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
    everOpen: server.everOpen, isOpen: feed.isOpen, retryInMillis: feed.retryAt - Date.now(), status: server.status,
    statusAgeMillis: performance.now() - server.statusAt, venue: infoOf(screen.pane?.symbol)?.venue,
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
  const price = prices.of(info.symbol);
  const warning = ["offline", "stale", "interrupted"].includes(document.body.dataset.state) ? "⚠ " : "";
  const figure = price ? `${money(price, info.price_decimals)} ` : "";
  document.title = `${warning}${figure}${info.symbol} · market-stream`;
}

function say(sentence) {
  $("notice").hidden = !sentence;
  setText($("notice"), sentence);
}

function showClock() {
  setText($("clock"), times.clock(Date.now() / 1000));
  setText($("clock-zone"), times.zone);
  const time = prices.latest.get(screen.pane?.symbol)?.event_time_us;
  // By the server's clock: the reader's may be wrong.
  const now = server.status && server.status.time_us / 1000 + performance.now() - server.statusAt;
  showAge(time && now ? now - time / 1000 : null);
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
  buildControls(market.intervals, actions);
  document.addEventListener("themechange", () => screen.redraw());
  apply(readAddress());
  view.isReady = true;
  keep();
  onAddressChange(apply);
  // For people at the console, and for tests.
  globalThis.marketStream = { screen, feed, trades, times };
  setInterval(showState, 500);
  setInterval(showClock, 1000);
  setInterval(refreshSummary, SUMMARY_MILLIS);
  setInterval(refreshSymbols, SYMBOLS_MILLIS);
  refreshSummary();
}

start();
