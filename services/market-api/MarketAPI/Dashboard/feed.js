// The live feed: topics that are followed, told to the server one command at a time, and checked to be without a hole.
//
// A topic is the price of a symbol, its trades, or its candles of an interval. Messages of the last two are numbered.
// A number that does not follow the last, a `gap`, another epoch or a connection that was lost is told to the topic's
// handler with the next snapshot: what it holds may lack something, and it reads history again.

import { Connection } from "./connection.js";

/** Symbols of one command. */
const SYMBOLS_A_COMMAND = 200;

export class Feed {
  #connection;
  #listeners;
  #topics = new Map();
  /** The command whose answer is waited for: the server wants its replies read before it is asked for more. */
  #asked = null;
  #lastID = 0;
  #isPlanned = false;

  /** What went wrong and was made good: gaps the server told, holes seen in the numbers, and connections. */
  counts = { gaps: 0, holes: 0, connections: 0, messages: 0 };

  /** @param listeners onOpen(), onClose(), onStatus(status) */
  constructor(listeners) {
    this.#listeners = listeners;
    this.#connection = new Connection({
      onOpen: () => this.#opened(),
      onClose: () => {
        this.#forgetAsked();
        listeners.onClose();
      },
      onMessage: (message) => this.#receive(message),
    });
  }

  get isOpen() { return this.#connection.isOpen; }
  get retryAt() { return this.#connection.retryAt; }
  connect() { this.#connection.connect(); }

  /**
   * Follows a topic; each has one handler.
   * @param topic channel ("price", "trades" or "candles"), symbol, and interval of candles
   * @param handler onMessage(value), and of numbered topics onSnapshot(values, isWhole): whether nothing was missed;
   *   onRefused(sentence) where the server does not know the symbol
   * @returns ends it
   */
  follow({ channel, symbol, interval = "" }, handler) {
    const key = keyOf(channel, symbol, interval);
    const topic = this.#topics.get(key)
      ?? { channel, symbol, interval, position: null, isAsked: false, isAlone: false };
    Object.assign(topic, { handler, isRefused: false });
    this.#topics.set(key, topic);
    this.#plan();
    return () => {
      if (topic.handler !== handler) return;
      topic.handler = null;
      this.#plan();
    };
  }

  /** Asks again for what the server did not know. */
  retryRefused() {
    for (const topic of this.#topics.values()) topic.isRefused = false;
    this.#plan();
  }

  // What the server is told

  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#askNext();
    });
  }

  #askNext() {
    if (!this.isOpen || this.#asked) return;
    for (const [key, topic] of this.#topics) if (!topic.handler && !topic.isAsked) this.#topics.delete(key);
    const all = [...this.#topics.values()];
    const unwanted = all.filter((topic) => topic.isAsked && !topic.handler);
    const wanted = all.filter((topic) => !topic.isAsked && topic.handler && !topic.isRefused);
    const [first] = unwanted.length ? unwanted : wanted;
    if (!first) return;
    const alike = (unwanted.length ? unwanted : wanted)
      .filter((topic) => topic.channel === first.channel && topic.interval === first.interval);
    const topics = first.isAlone ? [first] : alike.filter((topic) => !topic.isAlone).slice(0, SYMBOLS_A_COMMAND);
    this.#asked = { id: ++this.#lastID, topics, isSubscribe: !unwanted.length };
    for (const topic of topics) topic.isAsked = this.#asked.isSubscribe;
    this.#connection.send({
      op: this.#asked.isSubscribe ? "subscribe" : "unsubscribe", id: this.#asked.id, channels: [first.channel],
      symbols: topics.map((topic) => topic.symbol), ...(first.interval ? { intervals: [first.interval] } : {}),
    });
  }

  #answered(id, refusal) {
    if (this.#asked?.id !== id) return;
    const { topics, isSubscribe } = this.#asked;
    this.#asked = null;
    if (refusal && isSubscribe) {
      // One unknown symbol spoils the command: each is asked for by itself, and those refused are told.
      const isRefused = topics.length === 1;
      for (const topic of topics) Object.assign(topic, { isAsked: false, isAlone: true, isRefused });
      if (topics.length === 1) topics[0].handler?.onRefused?.(refusal);
    }
    this.#askNext();
  }

  #opened() {
    this.counts.connections += 1;
    this.#forgetAsked();
    for (const topic of this.#topics.values()) topic.isRefused = false;
    this.#listeners.onOpen();
    this.#plan();
  }

  #forgetAsked() {
    this.#asked = null;
    for (const topic of this.#topics.values()) topic.isAsked = false;
  }

  // What it says

  #receive(message) {
    this.counts.messages += 1;
    switch (message.type) {
      case "price": this.#handler("price", message.symbol)?.onMessage(message); break;
      case "trade": this.#numbered(keyOf("trades", message.symbol), message, message.trade); break;
      case "candle": {
        const { candle } = message;
        this.#numbered(keyOf("candles", candle.symbol, candle.interval), message, candle);
        break;
      }
      case "snapshot": this.#takeSnapshot(message); break;
      case "gap": this.#takeGap(message); break;
      case "status": this.#listeners.onStatus(message); break;
      case "subscribed": this.#answered(message.id, ""); break;
      case "error": this.#answered(message.id, message.detail); break;
      default: break;
    }
  }

  #handler(channel, symbol) { return this.#topics.get(keyOf(channel, symbol))?.handler; }

  /** A message of a numbered topic; open candles have no number. */
  #numbered(key, { epoch, seq }, value) {
    const topic = this.#topics.get(key);
    if (!topic?.handler) return;
    const { position } = topic;
    if (seq !== undefined && position) {
      if (epoch === position.epoch && seq <= position.seq) return;
      if (epoch === position.epoch && seq === position.seq + 1) {
        position.seq = seq;
      } else {
        // The next snapshot tells where the topic stands; it is asked for now.
        this.counts.holes += 1;
        topic.position = null;
        topic.isAsked = false;
        this.#plan();
      }
    }
    topic.handler.onMessage(value);
  }

  #takeSnapshot({ symbol, price, candles, closed_candles: closed, trades, positions }) {
    if (price) this.#handler("price", symbol)?.onMessage({ symbol, ...price });
    for (const [interval, position] of Object.entries(positions.candles)) {
      const values = [closed[interval], candles[interval]].filter(Boolean);
      this.#place(keyOf("candles", symbol, interval), position, values);
    }
    if (positions.trades) this.#place(keyOf("trades", symbol), positions.trades, trades ?? []);
  }

  #place(key, position, values) {
    const topic = this.#topics.get(key);
    if (!topic?.handler) return;
    const { position: known } = topic;
    const isWhole = known !== null && known.epoch === position.epoch && known.seq === position.seq;
    topic.position = { ...position };
    topic.handler.onSnapshot(values, isWhole);
  }

  #takeGap({ channel, symbol, interval = "" }) {
    this.counts.gaps += 1;
    for (const topic of this.#topics.values()) {
      const isMeant = topic.channel === channel && (!symbol || topic.symbol === symbol)
        && (!interval || topic.interval === interval);
      if (isMeant) topic.position = null;
    }
  }
}

const keyOf = (channel, symbol, interval = "") => `${channel} ${interval} ${symbol}`;
