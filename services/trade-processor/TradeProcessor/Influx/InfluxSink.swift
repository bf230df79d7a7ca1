import InfluxClient
import Logging
import Metrics
import PostgresClient
import ServiceKit

/// Brings one point per closed candle to InfluxDB, at least once, and again when the candle was amended: points of the
/// same series and time overwrite one another.
///
/// What is to be delivered stands in PostgreSQL, written there by the commit itself, so an InfluxDB that is away for
/// long costs rows in a table and nothing else. One request is under way at a time; commits never wait for it.
struct InfluxSink: Sendable {
    let settings: InfluxSettings
    let database: PostgresConfiguration
    let client: InfluxClient
    let time: TimeSource
    let health: HealthBoard
    let logger: Logger
    /// Uniform in 0..<1, for the jitter of repeats.
    let random: @Sendable () -> Double

    static let part = "influxdb"
    private static let points = Counter(label: "processor_influx_points_total")
    private static let failures = Counter(label: "processor_influx_failures_total")
    private static let backlog = Gauge(label: "processor_influx_pending_points")

    /// Written, and perhaps while another had the lock already: a later state of theirs may have been overwritten.
    private var doubtful: Set<InfluxKey> = []
    private var attempt = 0

    init(
        settings: InfluxSettings, database: PostgresConfiguration, time: TimeSource, health: HealthBoard,
        logger: Logger, random: @escaping @Sendable () -> Double
    ) {
        self.settings = settings
        self.database = database
        client = InfluxClient(settings.configuration)
        self.time = time
        self.health = health
        self.logger = logger
        self.random = random
    }

    /// Delivers until the task is cancelled.
    mutating func run() async {
        logger.info(
            "candles go to InfluxDB",
            metadata: ["target": "\(settings.configuration.target)", "interval": "\(settings.interval)"])
        while !Task.isCancelled {
            do {
                let connection = try await PostgresConnection.connect(database)
                let outbox = InfluxOutbox(connection: connection, interval: settings.interval)
                do { try await deliver(outbox) } catch {
                    // A session that still answers had the lock all the time: nobody else wrote meanwhile.
                    if error is InfluxError, (try? await outbox.ping()) != nil { doubtful = [] }
                    // Another processor may reach what we cannot: the lock goes with the connection.
                    await connection.close()
                    throw error
                }
            } catch {
                guard !Task.isCancelled else { break }
                await report(error)
            }
        }
        Self.backlog.record(0)
        await client.close()
    }

    /// Waits for its turn, then delivers until something fails.
    private mutating func deliver(_ outbox: InfluxOutbox) async throws {
        if !doubtful.isEmpty {
            try await outbox.put(doubtful)
            doubtful = []
        }
        while try await !outbox.lock() {
            attempt = 0
            Self.backlog.record(0)
            health.set(Self.part, .ok)
            try await Task.sleep(for: .microseconds(min(settings.flushMicros, 5_000_000)))
        }
        if attempt == 0 { health.set(Self.part, .ok) }
        var backfill = try await outbox.start(target: settings.configuration.target)
        var flushed = time.monotonicMicros - settings.flushMicros
        while true {
            try Task.checkCancellation()
            let pending = try await outbox.pending(limit: settings.batchSize)
            Self.backlog.record(pending.backlog)
            let isFull = pending.ids.count == settings.batchSize
            if isFull || (!pending.ids.isEmpty && time.monotonicMicros - flushed >= settings.flushMicros) {
                try await write(pending.points, of: pending.keys)
                try await outbox.delete(pending.ids)
                flushed = time.monotonicMicros
                settled(pending.points.count, of: pending.keys)
            }
            if isFull { continue }
            if let key = backfill {
                backfill = try await bringOlder(after: key, outbox)
            } else {
                try await Task.sleep(for: .microseconds(min(settings.flushMicros, 1_000_000)))
            }
        }
    }

    /// One batch of the candles that were there before the outbox.
    ///
    /// - Returns: the last of them; nil where there are no more.
    private mutating func bringOlder(after key: InfluxKey, _ outbox: InfluxOutbox) async throws -> InfluxKey? {
        let older = try await outbox.older(after: key, limit: settings.batchSize)
        let keys = older.map(\.0)
        try await write(older.map(\.1), of: keys)
        let isLast = older.count < settings.batchSize
        try await outbox.saveBackfill(isLast ? nil : keys.last)
        settled(older.count, of: keys)
        if isLast { logger.info("all candles from before are in InfluxDB") }
        return isLast ? nil : keys.last
    }

    private mutating func write(_ points: [InfluxPoint], of keys: [InfluxKey]) async throws {
        doubtful.formUnion(keys)
        try await client.write(points)
    }

    /// PostgreSQL has confirmed that we delivered them while the lock was ours.
    private mutating func settled(_ count: Int, of keys: [InfluxKey]) {
        doubtful.subtract(keys)
        Self.points.increment(by: count)
        if attempt > 0 { logger.notice("InfluxDB takes points again", metadata: ["attempts": "\(attempt)"]) }
        attempt = 0
        health.set(Self.part, .ok)
    }

    /// Says what is wrong, and waits: from half a second to a minute, never the same for two processors.
    private mutating func report(_ error: any Error) async {
        attempt += 1
        if error is InfluxError { Self.failures.increment() }
        health.set(Self.part, .failed("points wait: \(error)", blocksReadiness: false))
        // The first few, then every tenth: an outage of a day is not a log of a gigabyte.
        if attempt <= 3 || attempt.isMultiple(of: 10) {
            logger.error(
                "InfluxDB has not got the points, they are sent again",
                metadata: ["attempt": "\(attempt)", "error": "\(error)"])
        }
        let ceiling = min(60.0, 0.5 * Double(1 << min(attempt - 1, 7)))
        try? await Task.sleep(for: .seconds(ceiling * (0.5 + random() / 2)))
    }
}
