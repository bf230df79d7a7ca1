// The system panel: asks /system once a second, and says in words what is wrong.

import { count, counts, duration, latency, problems, rate, totals } from "./system-data.js";
import { Plot, Series } from "./system-plot.js";
import { Symbols } from "./system-symbols.js";
import * as tables from "./system-tables.js";

const EVERY_MILLIS = 1_000;
const TIMEOUT_MILLIS = 6_000;
const LONGEST_PAUSE_MILLIS = 10_000;
/** Figures this old are called stale. */
const STALE_MILLIS = 4_000;
/** Commits come once a second: rates of them are taken over several. */
const RATE_MICROS = 5_500_000;

const byID = (id) => document.getElementById(id);

const TILES = [
  { id: "trades-in", title: "Trades received", unit: "/s", value: (t) => t.tradesIn, text: rate,
    detail: (t) => `${t.producerWaiting === null ? "–" : count(t.producerWaiting)} wait for the broker` },
  { id: "trades-processed", title: "Trades processed", unit: "/s", value: (t) => t.tradesProcessed, text: rate,
    detail: () => "committed to PostgreSQL" },
  { id: "lag", title: "Consumer lag", unit: "records", value: (t) => t.lag, text: count,
    detail: () => "in the log, not committed" },
  { id: "store-latency", title: "Venue → PostgreSQL", unit: "p99", value: (t) => t.eventToStore?.p99_us ?? null, text: latency,
    detail: (t) => `p50 ${latency(t.eventToStore?.p50_us)}` },
  { id: "api-latency", title: "Venue → this server", unit: "p99", value: (t) => t.eventToAPI?.p99_us ?? null, text: latency,
    detail: (t) => `p50 ${latency(t.eventToAPI?.p50_us)}` },
  { id: "clients", title: "Clients", unit: "connected", value: (t) => t.clients, text: count,
    detail: (t, system) => `${count(system.api.websocket_clients)} WebSocket, ${count(system.api.event_clients)} events` },
];

function makeTile({ id, title, unit }) {
  const tile = document.createElement("article");
  tile.className = "tile";
  tile.id = `tile-${id}`;
  const heading = document.createElement("h3");
  heading.textContent = title;
  const value = document.createElement("p");
  value.className = "value";
  const number = document.createElement("span");
  number.textContent = "–";
  const small = document.createElement("small");
  small.textContent = unit;
  value.append(number, " ", small);
  const detail = document.createElement("p");
  detail.className = "detail";
  const peak = document.createElement("p");
  peak.className = "peak";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title}, the last five minutes`);
  tile.append(heading, value, detail, canvas, peak);
  byID("tiles").append(tile);
  const series = new Series();
  return { number, detail, peak, series, plot: new Plot(canvas, series) };
}

class Panel {
  #tiles = TILES.map((description) => ({ description, ...makeTile(description) }));
  #connections = new tables.Table("connections", tables.CONNECTION_COLUMNS);
  #partitions = new tables.Table("partitions", tables.PARTITION_COLUMNS);
  #services = new tables.Table("services", tables.SERVICE_COLUMNS);
  #latencies = new tables.Table("latencies", tables.LATENCY_COLUMNS);
  #stores = new tables.Table("stores", tables.STORE_COLUMNS);
  #system = null;
  /** Answers of the last seconds, the oldest first: rates are differences to it. */
  #earlier = [];
  #receivedMillis = null;
  #failure = null;
  #retryMillis = 0;

  async run() {
    setInterval(() => this.#tell(), 500);
    document.addEventListener("themechange", () => this.#draw());
    addEventListener("resize", () => this.#draw());
    let failures = 0;
    while (true) {
      if (document.hidden) {
        await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
        continue;
      }
      const start = Date.now();
      try {
        await this.#read();
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#failure = error.name === "TimeoutError" ? "no answer comes" : error.message || "it cannot be reached";
        for (const tile of this.#tiles) tile.series.add(Date.now(), null);
      }
      // Later and later, and not all pages at the same moment.
      const pause = failures ? Math.min(LONGEST_PAUSE_MILLIS, EVERY_MILLIS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)
        : Math.max(0, EVERY_MILLIS - (Date.now() - start));
      this.#retryMillis = Date.now() + pause;
      this.#tell();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #read() {
    const answer = await fetch("/system", { signal: AbortSignal.timeout(TIMEOUT_MILLIS) }).catch((error) => {
      throw error.name === "TimeoutError" ? error : new Error("the server cannot be reached");
    });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const system = await answer.json();
    this.#earlier = this.#earlier.filter((one) => one.processors !== null && system.time_us - one.time_us < RATE_MICROS);
    this.#system = system;
    this.#receivedMillis = Date.now();
    this.#failure = null;
    this.#show();
    this.#earlier.push(system);
  }

  #show() {
    const system = this.#system;
    const figures = totals(system, this.#earlier[0]);
    byID("simulated").hidden = !system.simulated;
    for (const tile of this.#tiles) {
      const { value, text, detail } = tile.description;
      const now = value(figures);
      tile.series.add(this.#receivedMillis, now);
      tile.number.textContent = text(now);
      tile.detail.textContent = detail(figures, system);
      const peak = tile.series.peak;
      tile.peak.textContent = peak === null ? "" : `max ${text(peak)}`;
    }
    this.#draw();
    this.#connections.show(tables.connectionRows(system), "No producer has been heard of.");
    this.#partitions.show(tables.partitionRows(system), "No partition is known: neither PostgreSQL nor the broker answers, or nothing was traded yet.");
    byID("partitions-sum").textContent = figures.lag === null ? "" : `${count(figures.lag)} records behind`;
    this.#services.show(tables.serviceRows(system), "");
    this.#latencies.show(tables.latencyRows(system, figures), "");
    this.#stores.show(tables.storeRows(system), "This server knows no stores.");
    this.#showCounts(system);
    this.#showStored(system);
    document.body.dataset.loaded = String(system.time_us);
  }

  #draw() { for (const tile of this.#tiles) tile.plot.draw(); }

  #showCounts(system) {
    const added = counts(system);
    byID("counts-since").textContent = added ? `since ${duration(system.time_us - added.since)}` : "no processor says anything";
    const c = added?.counts ?? {};
    showFigures("counts", [
      ["candles_stored", "Candles written", c.candles_stored], ["candles_amended", "Candles amended", c.candles_amended],
      ["trades_accepted", "Trades taken in", c.trades_accepted], ["trades_late", "Late trades", c.trades_late],
      ["trades_duplicate", "Duplicates", c.trades_duplicate], ["quarantined", "Quarantined", c.quarantined, c.quarantined > 0 ? "warn" : ""],
      ["ids_found_missing", "Ids found missing", c.ids_found_missing], ["ids_filled", "of them filled", c.ids_filled],
      ["trades_beyond_retention", "Beyond retention", c.trades_beyond_retention], ["commits", "Commits", c.commits],
    ]);
  }

  #showStored(system) {
    const { stored } = system;
    const hour = stored?.last_hour;
    byID("stored-span").textContent = hour ? `the last hour's ${hour.interval} candles` : "";
    const most = (value) => (stored && value >= stored.count_limit ? `${count(value)} or more` : count(value));
    showFigures("stored", [
      ["candles", "Candles", hour?.candles], ["trade_count", "Trades in them", hour?.trade_count],
      ["incomplete_candles", "Incomplete candles", hour?.incomplete_candles, hour?.incomplete_candles > 0 ? "warn" : ""],
      ["missing_trades", "Missing trades", hour?.missing_trades, hour?.missing_trades > 0 ? "warn" : ""],
      ["stored_quarantined", "Quarantined, all", most(stored?.quarantined), stored?.quarantined > 0 ? "warn" : ""],
      ["late_trades", "Late beyond retention, all", most(stored?.late_trades)],
    ]);
  }

  /** State, age and what needs attention: also while no answer comes. */
  #tell() {
    const ageMillis = this.#receivedMillis === null ? null : Date.now() - this.#receivedMillis;
    const system = this.#system;
    const state = this.#failure ? "offline" : system === null ? "connecting" : ageMillis > STALE_MILLIS ? "stale" : "live";
    document.body.dataset.state = state;
    const words = { offline: "Disconnected", connecting: "Connecting", stale: "Stale", live: "Live" };
    setText("status-text", words[state]);
    setText("age", ageMillis === null ? "" : ageMillis < 2_000 ? "now" : `as of ${duration(ageMillis * 1000)} ago`);
    const found = system && !this.#failure ? problems(system) : [];
    if (this.#failure) {
      const wait = Math.max(0, Math.ceil((this.#retryMillis - Date.now()) / 1000));
      found.push({ level: "bad", text: `market-api: ${this.#failure}. Next try ${wait ? `in ${wait} s` : "now"}. What is shown is old.` });
    } else if (state === "stale") {
      found.unshift({ level: "warn", text: "No new figures come; what is shown is old." });
    }
    this.#attention(system === null && !this.#failure ? null : found);
  }

  #attention(found) {
    const level = found === null ? "unknown" : found.length === 0 ? "ok" : found[0].level;
    byID("attention").dataset.level = level;
    setText("attention-title", found === null ? "Reading the state of the system …"
      : found.length === 0 ? "Everything works" : found.length === 1 ? "One thing needs attention" : `${found.length} things need attention`);
    const list = byID("problems");
    const texts = (found ?? []).map((problem) => problem.text);
    if (list.dataset.shown === JSON.stringify(texts)) return;
    list.dataset.shown = JSON.stringify(texts);
    list.replaceChildren(...(found ?? []).map((problem) => {
      const item = document.createElement("li");
      item.textContent = problem.text;
      item.className = problem.level;
      return item;
    }));
    document.title = found?.length ? `⚠ ${found.length} · System · market-stream` : "System · market-stream";
  }
}

function setText(id, text) {
  const element = byID(id);
  if (element.textContent !== text) element.textContent = text;
}

/** `figures`: [name, title, value, level]. */
function showFigures(id, figures) {
  const list = byID(id);
  for (const [name, title, value, level = ""] of figures) {
    let entry = list.querySelector(`[data-figure="${name}"]`);
    if (!entry) {
      entry = document.createElement("div");
      entry.dataset.figure = name;
      const term = document.createElement("dt");
      term.textContent = title;
      entry.append(term, document.createElement("dd"));
      list.append(entry);
    }
    entry.className = level;
    const text = typeof value === "string" ? value : count(value);
    if (entry.lastElementChild.textContent !== text) entry.lastElementChild.textContent = text;
  }
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, button, a")) return;
  if (event.key === "t") byID("theme").click();
});

new Panel().run();
new Symbols().follow();
