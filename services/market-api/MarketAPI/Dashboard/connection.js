// One WebSocket, kept open: tried again with growing pauses, and given up when it falls silent.

const FIRST_DELAY_MILLIS = 500;
const LONGEST_DELAY_MILLIS = 10000;
/** The server tells its status every two seconds; a socket that is silent for this long is dead. */
const SILENCE_MILLIS = 8000;

export class Connection {
  #listeners;
  #socket = null;
  #delay = FIRST_DELAY_MILLIS;
  #retryTimer = 0;
  #heardAt = 0;
  #retryAt = 0;

  /** @param listeners onOpen(), onClose(), onMessage(message) */
  constructor(listeners) {
    this.#listeners = listeners;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#retryNow(); });
    setInterval(() => this.#checkSilence(), 1000);
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }
  /** When the next attempt is made, in milliseconds since the epoch. */
  get retryAt() { return this.#retryAt; }

  connect() {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/feed`);
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.onopen = () => {
      if (this.#socket === socket) this.#listeners.onOpen();
    };
    socket.onmessage = (event) => {
      if (this.#socket !== socket) return;
      // Only a server that says something is back: one that closes at once is not asked at once again.
      this.#delay = FIRST_DELAY_MILLIS;
      this.#heardAt = performance.now();
      this.#listeners.onMessage(JSON.parse(event.data));
    };
    socket.onclose = () => { if (this.#socket === socket) this.#lost(); };
  }

  send(message) { if (this.isOpen) this.#socket.send(JSON.stringify(message)); }

  #checkSilence() {
    const socket = this.#socket;
    if (!socket || performance.now() - this.#heardAt < SILENCE_MILLIS) return;
    // close() alone waits for an answer that a dead peer will not give.
    socket.close();
    this.#lost();
  }

  #lost() {
    this.#socket = null;
    const wait = this.#delay * (0.5 + Math.random() / 2);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MILLIS);
    this.#retryAt = Date.now() + wait;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.connect(), wait);
    this.#listeners.onClose();
  }

  #retryNow() {
    if (this.#socket) return;
    this.#delay = FIRST_DELAY_MILLIS;
    this.connect();
  }
}
