// The live connection: one WebSocket, kept open, with what is followed told again after each reconnect.

const FIRST_DELAY_MILLIS = 500;
const LONGEST_DELAY_MILLIS = 10000;
/** The server tells its status every two seconds; a socket that is silent for this long is dead. */
const SILENCE_MILLIS = 8000;

export class Feed {
  #listeners;
  #socket = null;
  #delay = FIRST_DELAY_MILLIS;
  #retryTimer = 0;
  #silenceTimer = 0;
  #wanted = new Map();
  #retryAt = 0;

  /** @param listeners onOpen(), onClose(retryAtMillis), onMessage(message) */
  constructor(listeners) {
    this.#listeners = listeners;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#retryNow(); });
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }
  /** When the next attempt is made, in milliseconds since the epoch. */
  get retryAt() { return this.#retryAt; }

  connect() {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/feed`);
    this.#socket = socket;
    this.#expectSomething(socket);
    socket.onopen = () => {
      this.#delay = FIRST_DELAY_MILLIS;
      for (const request of this.#wanted.values()) this.#send({ op: "subscribe", ...request });
      this.#listeners.onOpen();
    };
    socket.onmessage = (event) => {
      this.#expectSomething(socket);
      this.#listeners.onMessage(JSON.parse(event.data));
    };
    socket.onclose = () => { if (this.#socket === socket) this.#lost(); };
  }

  /** Follows symbols and intervals under a name; what that name stood for before is given up. */
  follow(name, symbols, intervals) {
    const before = this.#wanted.get(name);
    if (before && JSON.stringify(before) === JSON.stringify({ symbols, intervals })) return;
    this.#wanted.set(name, { symbols, intervals });
    if (!this.isOpen) return;
    if (before) {
      if (before.intervals.length) this.#send({ op: "unsubscribe", ...before });
      // Another name may want some of the same: what is still wanted of those symbols is asked for again.
      for (const request of this.#wanted.values()) {
        const affected = request.symbols.filter((symbol) => before.symbols.includes(symbol) || symbols.includes(symbol));
        if (affected.length) this.#send({ op: "subscribe", symbols: affected, intervals: request.intervals });
      }
    } else {
      this.#send({ op: "subscribe", symbols, intervals });
    }
  }

  #send(message) { if (this.isOpen) this.#socket.send(JSON.stringify(message)); }

  #expectSomething(socket) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      if (this.#socket !== socket) return;
      // close() alone waits for an answer that a dead peer will not give.
      socket.close();
      this.#lost();
    }, SILENCE_MILLIS);
  }

  #lost() {
    clearTimeout(this.#silenceTimer);
    this.#socket = null;
    const wait = this.#delay * (0.5 + Math.random() / 2);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MILLIS);
    this.#retryAt = Date.now() + wait;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.connect(), wait);
    this.#listeners.onClose(this.#retryAt);
  }

  #retryNow() {
    if (this.#socket) return;
    this.#delay = FIRST_DELAY_MILLIS;
    this.connect();
  }
}
