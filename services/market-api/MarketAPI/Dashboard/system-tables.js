// The tables of the panel. Rows keep their place in the document by their key, so that nothing jumps or loses the focus.

import { count, duration, latency, LIMITS, rate, since } from "./system-data.js";

/** A cell: a text, or { text, state } for a state in words and colour, { text, words: true } for a sentence. */
export class Table {
  #table;
  #body;
  #empty;
  #columns;

  /** `columns`: [title, "text" for words instead of numbers]. */
  constructor(id, columns) {
    this.#table = document.getElementById(id);
    this.#empty = this.#table.nextElementSibling;
    this.#columns = columns;
    const head = document.createElement("tr");
    for (const [title, kind] of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = title;
      if (kind === "text") cell.className = "text";
      head.append(cell);
    }
    this.#table.createTHead().append(head);
    this.#body = this.#table.createTBody();
  }

  /** `rows`: [{ key, cells }]; `empty`: what to say where there is none. */
  show(rows, empty) {
    const known = new Map([...this.#body.rows].map((row) => [row.dataset.key, row]));
    rows.forEach(({ key, cells }, place) => {
      let row = known.get(key);
      if (!row) {
        row = document.createElement("tr");
        row.dataset.key = key;
        for (const [, kind] of this.#columns) {
          const cell = row.insertCell();
          if (kind === "text") cell.className = "text";
        }
      }
      known.delete(key);
      if (this.#body.rows[place] !== row) this.#body.insertBefore(row, this.#body.rows[place] ?? null);
      cells.forEach((cell, column) => fill(row.cells[column], cell));
    });
    for (const row of known.values()) row.remove();
    this.#table.hidden = rows.length === 0;
    this.#empty.hidden = rows.length > 0;
    this.#empty.textContent = empty;
  }
}

function fill(cell, content) {
  if (content instanceof Node) {
    if (cell.firstChild !== content) cell.replaceChildren(content);
    return;
  }
  if (typeof content !== "object") {
    const text = String(content);
    if (cell.textContent !== text) cell.textContent = text;
    return;
  }
  const { text, state, words, title } = content;
  if (words) cell.classList.add("words");
  if (title !== undefined) cell.title = title;
  if (!state) return fill(cell, text);
  let mark = cell.firstElementChild;
  if (!mark) cell.replaceChildren(mark = document.createElement("span"));
  mark.className = `state ${state}`;
  if (mark.textContent !== text) mark.textContent = text;
}

const age = (system, micros) => (micros === null ? "never" : `${duration(since(system, micros))} ago`);

/** A connection's state counts only while its producer is heard of. */
export function connectionRows(system) {
  return system.producers.flatMap((producer) => producer.connections.map((connection) => {
    const silent = producer.state === "silent";
    const quiet = since(system, connection.last_message_time_us) > LIMITS.connectionQuietMicros;
    const state = silent ? { text: "unknown", state: "idle" }
      : connection.state !== "connected" ? { text: connection.state, state: connection.state === "connecting" ? "warn" : "bad" }
        : quiet ? { text: "connected, quiet", state: "warn" } : { text: "connected", state: "ok" };
    return {
      key: `${producer.producer_id} ${connection.name}`,
      cells: [
        connection.venue, connection.name, producer.producer_id, state, count(connection.instruments),
        silent ? "–" : rate(connection.trades_per_second), silent ? "–" : rate(connection.messages_per_second),
        age(system, connection.last_message_time_us), age(system, connection.last_trade_time_us),
        latency(connection.event_lag?.p50_us), latency(connection.event_lag?.p99_us),
        connection.connected_since_us === null ? "–" : duration(since(system, connection.connected_since_us)),
        count(connection.reconnect_count), { text: connection.last_error ?? "", words: true },
      ],
    };
  }));
}

export const CONNECTION_COLUMNS = [
  ["Venue", "text"], ["Connection", "text"], ["Producer", "text"], ["State", "text"], ["Symbols"], ["Trades/s"],
  ["Messages/s"], ["Last message"], ["Last trade"], ["Lag p50"], ["Lag p99"], ["Connected for"], ["Reconnects"],
  ["Last error", "text"],
];

const PARTITION_STATES = {
  running: "ok", claiming: "warn", loading: "warn", paused: "warn", fenced: "warn", halted: "bad", unassigned: "bad",
};

export function partitionRows(system) {
  return system.partitions.map((partition) => {
    const isIdle = partition.state === "unassigned" && partition.end_offset === 0;
    const state = isIdle ? "idle" : PARTITION_STATES[partition.state];
    const lag = partition.lag === null ? "–" : partition.lag > LIMITS.lagRecords
      ? { text: count(partition.lag), state: "warn" } : count(partition.lag);
    return {
      key: String(partition.partition),
      cells: [
        partition.partition, { text: partition.state, state }, lag, count(partition.next_offset), count(partition.end_offset),
        count(partition.instruments), count(partition.waiting),
        partition.watermark_us === null ? "–" : age(system, partition.watermark_us),
        partition.committed_time_us === null ? "–" : age(system, partition.committed_time_us),
        partition.processor_id ?? "–", { text: partition.reason ?? "", words: true },
      ],
    };
  });
}

export const PARTITION_COLUMNS = [
  ["Partition"], ["State", "text"], ["Lag"], ["Next offset"], ["End offset"], ["Symbols"], ["Uncommitted"],
  ["Watermark"], ["Last commit"], ["Processor", "text"], ["Reason", "text"],
];

const SERVICE_STATES = { running: "ok", silent: "bad", stopped: "idle" };

export function serviceRows(system) {
  const row = (kind, name, version, state, started, heard, note) => ({
    key: `${kind} ${name}`,
    cells: [kind, name, { text: state, state: SERVICE_STATES[state] }, version ?? "–",
      state === "running" ? duration(since(system, started)) : "–", heard, note],
  });
  const failed = system.api.parts.filter((part) => part.state !== "ok").map((part) => `${part.name}: ${part.reason ?? part.state}`);
  return [
    ...system.producers.map((producer) => row("market-producer", producer.producer_id, producer.version, producer.state,
      producer.started_time_us, age(system, producer.sent_time_us),
      { text: producer.waiting_trades === null ? "" : `${count(producer.waiting_trades)} trades wait for the broker`, words: true })),
    ...(system.processors ?? []).map((processor) => row("trade-processor", processor.processor_id, processor.version,
      processor.state, processor.started_time_us, age(system, processor.sent_time_us),
      { text: processor.state === "running" ? `${count(processor.partitions)} partitions, ${count(processor.counts.commits)} commits` : "", words: true })),
    row("market-api", "this server", system.api.version, "running", system.api.started_time_us, "now",
      { text: failed.join("; ") || `${count(system.api.websocket_clients)} WebSocket and ${count(system.api.event_clients)} event clients`, words: true }),
  ];
}

export const SERVICE_COLUMNS = [
  ["Service", "text"], ["Name", "text"], ["State", "text"], ["Version"], ["Uptime"], ["Heard of"], ["Note", "text"],
];

const STORE_STATES = { ok: "ok", failed: "bad", waiting: "warn" };
const STORE_NAMES = {
  postgres: "PostgreSQL", redis: "Redis", kafka: "Kafka",
};

export function storeRows(system) {
  return system.stores.map((store) => ({
    key: store.name,
    cells: [STORE_NAMES[store.name], { text: store.state, state: STORE_STATES[store.state] }, latency(store.answer_us),
      { text: store.reason ?? "", words: true }],
  }));
}

export const STORE_COLUMNS = [["Store", "text"], ["State", "text"], ["Answers in"], ["Reason", "text"]];

export function latencyRows(system, totals) {
  return [
    ["Venue → producer", totals.venueLag, "from a trade's own time until a producer has it"],
    ["Venue → PostgreSQL", totals.eventToStore, "until its commit is made, for the trade of each commit that waited longest"],
    ["Commit", totals.commit, "one transaction, repeats included"],
    ["Venue → this server", totals.eventToAPI, "until it is handed to clients"],
  ].map(([name, figures, meaning]) => ({
    key: name,
    cells: [{ text: name, title: meaning }, latency(figures?.p50_us), latency(figures?.p95_us), latency(figures?.p99_us),
      latency(figures?.max_us), count(figures?.count ?? 0)],
  }));
}

export const LATENCY_COLUMNS = [["From → to", "text"], ["p50"], ["p95"], ["p99"], ["Longest"], ["Measured"]];
