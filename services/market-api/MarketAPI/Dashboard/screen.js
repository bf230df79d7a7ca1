// The charts side by side: one, two or four, of which one has the focus. What is beside them follows that one.

import { CHART_COUNTS } from "./address.js";
import { Pane } from "./pane.js";

export class Screen {
  #container;
  #options;
  #settings = { isLog: false };

  panes = [];
  focus = 0;

  /** @param options histories; infoOf(symbol); onFocus(pane); onChange(pane) when its candles or its state changed */
  constructor(container, options) {
    this.#container = container;
    this.#options = options;
  }

  /** The pane with the focus. */
  get pane() { return this.panes[this.focus]; }

  /** @param charts symbol and interval of each, all of them known to the server */
  setLayout(charts, focus) {
    while (this.panes.length > charts.length) this.panes.pop().remove();
    while (this.panes.length < charts.length) this.#add();
    this.#container.dataset.count = charts.length;
    charts.forEach(({ symbol, interval }, index) => this.#show(index, symbol, interval));
    this.setFocus(Math.min(focus, charts.length - 1));
  }

  get layout() { return this.panes.map(({ symbol, interval }) => ({ symbol, interval })); }

  #add() {
    const pane = new Pane({
      histories: this.#options.histories,
      infoOf: this.#options.infoOf,
      onFocus: () => this.setFocus(this.panes.indexOf(pane)),
      onChange: () => this.#options.onChange(pane),
    });
    this.panes.push(pane);
    this.#container.append(pane.root);
    pane.attach();
    pane.chart?.setLog(this.#settings.isLog);
  }

  #show(index, symbol, interval) {
    const pane = this.panes[index];
    pane.show(symbol, interval);
    pane.setLabel(`Chart ${index + 1} of ${this.panes.length}: ${symbol}, ${interval}`);
  }

  /** Shows something in the pane with the focus. */
  show(symbol, interval) {
    this.#show(this.focus, symbol, interval);
    this.#options.onFocus(this.pane);
  }

  setFocus(index) {
    if (index < 0 || index >= this.panes.length) return;
    this.focus = index;
    this.panes.forEach((pane, at) => pane.setFocused(at === index));
    this.#options.onFocus(this.pane);
  }

  /** The next chart gets the focus, also the browser's. */
  focusNext() { this.panes[(this.focus + 1) % this.panes.length].root.focus(); }

  /** The next number of charts: 1, 2, 4 and 1 again. */
  get nextCount() { return CHART_COUNTS[(CHART_COUNTS.indexOf(this.panes.length) + 1) % CHART_COUNTS.length]; }

  setLog(isLog) {
    this.#settings.isLog = isLog;
    for (const pane of this.panes) pane.chart?.setLog(isLog);
  }

  redraw() { for (const pane of this.panes) pane.redraw(); }
}
