// What the figures of /system mean: pure functions, no page.

/** What `/system` says on lags and ages turns into a warning from here on. */
export const LIMITS = { lagRecords: 5000, storeSlowMicros: 1_000_000, commitAgeMicros: 30_000_000, connectionQuietMicros: 15_000_000 };

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** A count, grouped: 1,234,567; a dash for null. */
export function count(number) {
  return number === null || number === undefined ? "–" : Math.round(number).toLocaleString("en-US");
}

/** A rate with as many places as it deserves. */
export function rate(number) {
  if (number === null || number === undefined) return "–";
  return number >= 100 ? count(number) : number.toFixed(number >= 10 ? 0 : 1);
}

/** A latency in microseconds: 420 µs, 4.2 ms, 1.35 s. */
export function latency(micros) {
  if (micros === null || micros === undefined) return "–";
  if (micros < 1000) return `${micros} µs`;
  if (micros < 10_000) return `${(micros / 1000).toFixed(1)} ms`;
  if (micros < 1_000_000) return `${Math.round(micros / 1000)} ms`;
  if (micros < 60_000_000) return `${(micros / 1e6).toFixed(micros < 10_000_000 ? 2 : 1)} s`;
  return duration(micros);
}

/** A time span in microseconds, its two largest units: 3 d 4 h, 2 h 5 min, 40 s. */
export function duration(micros) {
  if (micros === null || micros === undefined) return "–";
  const seconds = Math.max(0, Math.floor(micros / 1e6));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

/** Since an instant, by the server's clock; null for an instant that is not known. */
export function since(system, micros) {
  return micros === null || micros === undefined ? null : Math.max(0, system.time_us - micros);
}

/** Connections of producers that are heard of. */
export function liveConnections(system) {
  return system.producers.filter((producer) => producer.state === "running")
    .flatMap((producer) => producer.connections.map((connection) => ({ producer, connection })));
}

/** What the tiles show. Rates of processors come from the difference to the answer before. */
export function totals(system, before) {
  const connections = liveConnections(system).map(({ connection }) => connection);
  const running = (system.processors ?? []).filter((processor) => processor.state === "running");
  const lags = system.partitions.map((partition) => partition.lag);
  return {
    tradesIn: connections.length ? sum(connections.map((connection) => connection.trades_per_second)) : null,
    tradesProcessed: processedRate(running, before),
    lag: lags.length && lags.every((lag) => lag !== null) ? sum(lags) : null,
    producerWaiting: sumOrNull(system.producers.filter((p) => p.state === "running").map((p) => p.waiting_trades)),
    venueLag: worst(connections.map((connection) => connection.event_lag)),
    eventToStore: worst(running.map((processor) => processor.event_to_store)),
    commit: worst(running.map((processor) => processor.commit)),
    eventToAPI: system.api.event_to_api,
    clients: system.api.websocket_clients + system.api.event_clients,
  };
}

function sumOrNull(numbers) {
  const known = numbers.filter((number) => number !== null);
  return known.length ? sum(known) : null;
}

/** Of several percentiles the largest: none of them is better than what is shown. */
function worst(latencies) {
  const known = latencies.filter((figures) => figures);
  if (!known.length) return null;
  const most = (name) => Math.max(...known.map((figures) => figures[name]));
  return {
    count: sum(known.map((figures) => figures.count)),
    p50_us: most("p50_us"), p95_us: most("p95_us"), p99_us: most("p99_us"), max_us: most("max_us"),
  };
}

function processedRate(running, before) {
  let total = null;
  for (const processor of running) {
    const earlier = before?.processors?.find((one) =>
      one.processor_id === processor.processor_id && one.started_time_us === processor.started_time_us);
    const micros = earlier ? processor.sent_time_us - earlier.sent_time_us : 0;
    if (micros <= 0) continue;
    const trades = processor.counts.trades_accepted - earlier.counts.trades_accepted;
    total = (total ?? 0) + Math.max(0, trades) / micros * 1e6;
  }
  return total;
}

/** The counts of all processors that write, added up, and since when the youngest of them counts. */
export function counts(system) {
  const writing = (system.processors ?? []).filter((processor) => processor.state !== "stopped");
  if (!writing.length) return null;
  const added = {};
  for (const processor of writing) {
    for (const [name, value] of Object.entries(processor.counts)) added[name] = (added[name] ?? 0) + value;
  }
  return { counts: added, since: Math.max(...writing.map((processor) => processor.started_time_us)) };
}

/** What there is, in a few words, for when nothing is wrong. */
export function summary(system) {
  const some = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;
  const connections = liveConnections(system).map(({ connection }) => connection);
  return [
    `${some(sum(connections.map((connection) => connection.instruments)), "symbol", "symbols")} on ${some(connections.length, "connection", "connections")}`,
    some(system.partitions.length, "partition", "partitions"),
    some((system.processors ?? []).filter((processor) => processor.state === "running").length, "processor", "processors"),
    `source ${system.source}`,
  ].join(" · ");
}

/** What a person should look at, the worst first: [{ level: "bad" | "warn", text }]. */
export function problems(system) {
  const found = [];
  const bad = (text) => found.push({ level: "bad", text });
  const warn = (text) => found.push({ level: "warn", text });
  const names = { postgres: "PostgreSQL", redis: "Redis", kafka: "The broker" };

  for (const store of system.stores) {
    if (store.state !== "ok") bad(`${names[store.name]} does not answer: ${store.reason ?? "no reason is known"}`);
    else if (store.answer_us > LIMITS.storeSlowMicros) warn(`${names[store.name]} is slow: ${latency(store.answer_us)} for an answer`);
  }
  producerProblems(system, bad, warn);
  processorProblems(system, bad, warn);
  for (const partition of system.partitions) {
    const name = `Partition ${partition.partition}`;
    if (partition.state === "halted") bad(`${name} halted: ${partition.reason}`);
    if (partition.state === "fenced") warn(`${name} was taken by another processor`);
    if (partition.state === "paused") warn(`${name} waits for commits`);
    if (partition.lag > LIMITS.lagRecords) warn(`${name} is ${count(partition.lag)} records behind`);
  }
  for (const part of system.api.parts) {
    // Of the two stores it is told above.
    if (part.state === "ok" || part.name === "postgres" || part.name === "redis") continue;
    warn(`This server's ${part.name}: ${part.reason ?? part.state}`);
  }
  if (system.api.feed !== "connected") bad(`This server's live feed is ${system.api.feed}: prices stand still`);
  // A venue that nobody is connected to may be silent: its instruments were followed once, or are replayed.
  const connected = new Set(system.producers.flatMap((producer) => producer.connections.map((one) => one.venue)));
  for (const { venue, state, last_trade_age_ms: age } of system.venues) {
    if (state !== "silent" || !connected.has(venue)) continue;
    bad(`No live price of ${venue} has come here ${age === null ? "yet" : `for ${duration(age * 1000)}`}`);
  }
  return found.sort((one, other) => (one.level === other.level ? 0 : one.level === "bad" ? -1 : 1));
}

function producerProblems(system, bad, warn) {
  if (!system.producers.length) bad("No market-producer has been heard of: no trades come in");
  for (const producer of system.producers) {
    if (producer.state === "silent") {
      const others = system.producers.some((one) => one.state === "running");
      (others ? warn : bad)(`${producer.producer_id} is silent for ${duration(since(system, producer.sent_time_us))}`);
      continue;
    }
    for (const connection of producer.connections) {
      if (connection.state === "connected") continue;
      const why = connection.last_error ? `: ${connection.last_error}` : "";
      bad(`${connection.name} of ${producer.producer_id} is ${connection.state}${why}`);
    }
  }
}

function processorProblems(system, bad, warn) {
  if (system.processors === null) return;
  const running = system.processors.filter((processor) => processor.state === "running");
  if (!running.length) bad("No trade-processor runs: candles stand still, trades wait in the log");
  for (const processor of system.processors) {
    if (processor.state !== "silent") continue;
    (running.length ? warn : bad)(`${processor.processor_id} is silent for ${duration(since(system, processor.sent_time_us))}`);
  }
  const orphans = system.partitions.filter((partition) => partition.state === "unassigned" && partition.lag > 0);
  if (running.length && orphans.length) {
    warn(`Nobody works on partition ${orphans.map((partition) => partition.partition).join(", ")}`);
  }
}
