// One chart with its legend, of one symbol and interval at a time.

import { INTERVAL_SECONDS, isDrawnAlike } from "./candles.js";
import { Chart } from "./chart.js";
import { download } from "./csv.js";
import { paced } from "./frame.js";
import { Legend } from "./legend.js";
import { element, setText } from "./text.js";
import { times } from "./times.js";

/** Drawings of a chart in a second are at most ten: more nobody sees, and four charts have to share a core. */
const DRAW_MILLIS = 100;
const NO_CHART = "The chart library is missing: run scripts/setup, then start market-api again."
  + " Prices and candles go on beside.";

export class Pane {
  #histories;
  #infoOf;
  #onChange;
  #parts;
  #chart = null;
  #legend;
  #leave = () => {};
  #room = 0;
  #sizes;
  #drawn = new Map();
  #pending = { all: false, last: null };
  #isSettled = false;
  #hover = null;
  #ask = paced(DRAW_MILLIS, () => this.#draw());

  symbol = null;
  interval = null;
  history = null;

  /**
   * @param options histories; infoOf(symbol) as /symbols has it; onFocus(); onChange() when candles or state changed
   */
  constructor({ histories, infoOf, onFocus, onChange }) {
    this.#histories = histories;
    this.#infoOf = infoOf;
    this.#onChange = onChange;
    const root = element("section", "pane");
    root.tabIndex = 0;
    const title = element("p", "pane-title");
    const legend = element("dl", "legend");
    const plot = element("div", "plot");
    plot.setAttribute("role", "img");
    const notice = element("p", "pane-notice");
    notice.hidden = true;
    root.append(plot, title, legend, notice);
    this.#parts = { root, title, plot, notice, legend };
    this.#legend = new Legend(legend);
    root.addEventListener("focusin", onFocus);
    root.addEventListener("pointerdown", onFocus);
  }

  get root() { return this.#parts.root; }
  get chart() { return this.#chart; }
  get seconds() { return INTERVAL_SECONDS[this.interval]; }
  get decimals() { return this.#infoOf(this.symbol)?.price_decimals ?? 2; }

  /** Makes the chart, once the pane stands in the page. */
  attach() {
    if (!Chart.isAvailable) return;
    this.#chart = new Chart(this.#parts.plot, {
      onHover: (time) => {
        this.#hover = time;
        this.#ask();
      },
      onNearStart: () => { if (this.#isSettled) this.history?.readOlder(); },
    });
    const { plot, legend } = this.#parts;
    this.#sizes = new ResizeObserver((entries) => this.#makeRoom(entries.some(({ target }) => target === plot)));
    this.#sizes.observe(plot);
    this.#sizes.observe(legend);
  }

  /** No candle lies under the legend. The room only grows while the size is the same: candles would jump with it. */
  #makeRoom(isResized) {
    const { offsetTop, offsetHeight } = this.#parts.legend;
    const room = Math.max(isResized ? 0 : this.#room, offsetTop + offsetHeight + 4);
    if (room === this.#room && !isResized) return;
    this.#room = room;
    this.#chart?.makeRoom(room);
  }

  remove() {
    this.#leave();
    this.#sizes?.disconnect();
    this.#chart?.remove();
    this.#chart = null;
    this.root.remove();
  }

  show(symbol, interval) {
    if (symbol === this.symbol && interval === this.interval) return;
    this.#leave();
    Object.assign(this, { symbol, interval });
    this.#drawn.clear();
    this.#pending = { all: true, last: null };
    this.#isSettled = false;
    this.#hover = null;
    delete this.root.dataset.loaded;
    setText(this.#parts.title, `${symbol} · ${interval}`);
    this.#legend.clear();
    this.#chart?.begin(this.seconds, this.decimals);
    const hear = (kind, candle, place) => this.#hear(kind, candle, place);
    const { history, leave } = this.#histories.join(symbol, interval, hear);
    this.history = history;
    this.#leave = leave;
    this.#ask();
  }

  setLabel(text) { this.root.setAttribute("aria-label", text); }

  setFocused(isFocused) {
    this.root.classList.toggle("focused", isFocused);
    if (isFocused) this.root.setAttribute("aria-current", "true"); else this.root.removeAttribute("aria-current");
  }

  /** Draws all of it again: colours, times or the instrument's precision have changed. */
  redraw() {
    this.#chart?.takeColours();
    this.#chart?.takeZone();
    this.#pending.all = true;
    this.#ask();
  }

  /** Moves the crosshair to the candle before (-1) or after (1) the one it is at; 0 takes it away. */
  step(by) {
    const candles = this.history?.list.all() ?? [];
    if (!by || !candles.length) {
      this.#hover = null;
      this.#chart?.unpoint();
    } else {
      const hover = this.#hover ?? Infinity;
      const found = candles.findIndex((candle) => candle.window_start >= hover);
      const at = (found < 0 ? candles.length : found) + by;
      const next = candles[Math.max(0, Math.min(candles.length - 1, at))];
      this.#hover = next.window_start;
      this.#chart?.point(next);
    }
    this.#ask();
  }

  async savePicture() {
    if (!this.#chart) return;
    const now = `${times.full(Date.now() / 1000)}${times.isLocal ? "" : " UTC"}`;
    const title = `${this.symbol} · ${this.interval} · ${now} · market-stream`;
    download(`${this.symbol}-${this.interval}.png`, await this.#chart.picture(title));
  }

  // Drawing

  #hear(kind, candle, place) {
    if (kind === "all") {
      this.#pending.all = true;
    } else if (kind === "candle") {
      const known = this.#drawn.get(candle.window_start);
      if (!known || !isDrawnAlike(known, candle)) {
        const waiting = this.#pending.last?.window_start ?? candle.window_start;
        if (place === "last" && waiting === candle.window_start) this.#pending.last = candle;
        else this.#pending.all = true;
      }
    }
    this.#ask();
    this.#onChange();
  }

  #draw() {
    const { history } = this;
    if (!history || !this.root.isConnected) return;
    const isReady = history.state === "ready";
    if (isReady && this.#chart) {
      const { all, last } = this.#pending;
      this.#pending = { all: false, last: null };
      if (all) {
        const candles = history.list.all();
        // The marks on candles that lack trades go with a whole drawing, as does the first view.
        this.#drawn = new Map(candles.map((candle) => [candle.window_start, candle]));
        const isFirst = !this.#isSettled;
        this.#chart.draw(candles, isFirst);
        this.#isSettled = true;
      } else if (last) {
        const before = this.#drawn.get(last.window_start);
        this.#drawn.set(last.window_start, last);
        this.#chart.update(last);
        if (last.missing_trades > 0 && !(before?.missing_trades > 0)) this.#pending.all = true;
      }
      if (this.#pending.all) this.#ask();
    }
    if (isReady) this.root.dataset.loaded = `${this.symbol} ${this.interval}`;
    this.#showLegend();
    this.#showNotice();
  }

  #showLegend() {
    const { list } = this.history;
    const hovered = this.#hover === null ? null : list.at(this.#hover);
    const candle = this.#hover === null ? list.last : hovered;
    if (candle) this.#legend.show(candle, { seconds: this.seconds, decimals: this.decimals });
    else if (this.#hover === null) this.#legend.clear();
    else this.#legend.clear(`${times.full(this.#hover, this.seconds)} · nothing was traded`);
  }

  #showNotice() {
    const { state, problem, refusal, list, isFull, hasOlder } = this.history;
    let sentence = problem || refusal;
    if (!this.#chart) sentence = NO_CHART;
    else if (!sentence && state === "loading") sentence = "Loading candles …";
    else if (!sentence && !list.size) sentence = "No candle yet: nothing was traded here so far.";
    else if (!sentence && isFull && hasOlder && this.#chart.range()?.from < 30) {
      sentence = "No more candles are held here: a longer interval reaches further back.";
    }
    this.#parts.notice.hidden = !sentence;
    setText(this.#parts.notice, sentence);
  }
}
