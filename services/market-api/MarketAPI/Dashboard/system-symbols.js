// Which symbols are followed, started and stopped by those who have the API token. The token lives in a private field
// of this object: not in the document, the address, a storage or a log.

import { Table } from "./system-tables.js";

const EVERY_MILLIS = 3_000;

export class Symbols {
  #token = null;
  #busy = false;
  #symbols = [];
  #buttons = new Map();
  #table = new Table("symbols", [["Symbol", "text"], ["Venue", "text"], ["State", "text"], ["Market", "text"], ["Action"]]);
  #answer = document.getElementById("symbols-answer");

  constructor() {
    const field = document.getElementById("token");
    document.getElementById("token-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#keep(field.value.trim() || null);
      field.value = "";
    });
    document.getElementById("token-forget").addEventListener("click", () => {
      this.#keep(null);
      field.focus();
    });
    document.getElementById("follow-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const input = document.getElementById("follow");
      const symbol = input.value.trim();
      if (!symbol) return this.#say("Which symbol? SOLUSDT for one.", "bad");
      this.#change(symbol, "subscribe").then((done) => { if (done) input.value = ""; });
    });
  }

  /** Reads the list now and then, until the page is gone. */
  async follow() {
    while (true) {
      if (!document.hidden) await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MILLIS));
    }
  }

  async refresh() {
    try {
      const answer = await fetch("/symbols", { signal: AbortSignal.timeout(5_000) });
      if (answer.ok) this.#symbols = (await answer.json()).symbols;
    } catch {
      // The panel itself says that the server is away.
    }
    this.#show();
  }

  #keep(token) {
    this.#token = token;
    document.getElementById("token-forget").hidden = token === null;
    document.getElementById("token").placeholder = token === null ? "" : "a token is in memory";
    this.#say(token === null ? "No token is kept." : "The token is in this page's memory; it is tried when you start or stop something.");
  }

  #say(text, level = "") {
    this.#answer.textContent = text;
    this.#answer.className = `answer ${level}`;
  }

  #show() {
    const followed = this.#symbols.filter((symbol) => symbol.followed).length;
    document.getElementById("symbols-count").textContent = this.#symbols.length ? `${followed} of ${this.#symbols.length} known` : "";
    this.#table.show(this.#symbols.map((symbol) => ({
      key: symbol.symbol,
      cells: [symbol.symbol, symbol.venue,
        symbol.followed ? { text: "followed", state: "ok" } : { text: "stopped", state: "idle" }, symbol.status,
        this.#button(symbol)],
    })), "No symbol is known yet.");
  }

  /** One button a symbol, the same one always, so that it keeps the focus. */
  #button({ symbol, followed }) {
    let button = this.#buttons.get(symbol);
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      button.className = "tool";
      button.addEventListener("click", () => this.#change(symbol, button.dataset.action));
      this.#buttons.set(symbol, button);
    }
    button.dataset.action = followed ? "unsubscribe" : "subscribe";
    button.textContent = followed ? "Stop" : "Start";
    button.setAttribute("aria-label", `${followed ? "Stop" : "Start"} ${symbol}`);
    return button;
  }

  async #change(symbol, action) {
    if (this.#busy) return false;
    if (this.#token === null) {
      this.#say("This needs the API token: enter it above first.", "bad");
      document.getElementById("token").focus();
      return false;
    }
    this.#busy = true;
    this.#say(`${action === "subscribe" ? "Starting" : "Stopping"} ${symbol} …`);
    try {
      const path = `/symbol/${encodeURIComponent(symbol)}/${action}`;
      const answer = await fetch(path, {
        method: "POST", headers: { authorization: `Bearer ${this.#token}` }, signal: AbortSignal.timeout(15_000),
      });
      const body = await answer.json().catch(() => ({}));
      if (!answer.ok) {
        this.#say(`Refused: ${body.detail ?? `the server answered ${answer.status}`}`, "bad");
        return false;
      }
      this.#say(`${body.message}. Producers act within a second.`, "ok");
      await this.refresh();
      return true;
    } catch (error) {
      const why = error.name === "TimeoutError" ? "no answer came within 15 s"
        : error.message.includes("header") ? "the token has characters that no token has" : "the server cannot be reached";
      this.#say(`Not done: ${why}.`, "bad");
      return false;
    } finally {
      this.#busy = false;
    }
  }
}
