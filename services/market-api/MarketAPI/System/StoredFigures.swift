import MarketCore
import PostgresClient

/// What PostgreSQL says of the processing: where partitions stand, and what is in the tables.
struct StoredFigures: Sendable {
    /// A row of `processor_progress`.
    struct Progress: Sendable {
        let partition: Int32
        let nextOffset: Int64
        /// Event times, unix microseconds; nil before the first trade.
        let watermarkMicros: Int64?
        let newestTradeMicros: Int64?
        /// When it was committed last, by PostgreSQL's clock.
        let committedMicros: Int64
    }

    /// Candles of one interval within the hour up to the newest trade.
    struct LastHour: Sendable {
        let interval: Interval
        /// First window start, included, and the first one that is not.
        let start: Int64
        let end: Int64
        let candles: Int64
        /// Those that lack trades, and how many all of them lack.
        let incomplete: Int64
        let missingTrades: Int64
        let trades: Int64
    }

    var progress: [Progress] = []
    /// Nil before the first trade.
    var lastHour: LastHour?
    /// Rows of `quarantine` and `late_trades`; counting ends at ``countLimit``.
    var quarantined: Int64 = 0
    var lateTrades: Int64 = 0

    static let countLimit: Int64 = 100_000
    /// More instruments than this are not summed up: the panel must not burden the store.
    private static let instrumentLimit = 2_000

    /// - Parameters:
    ///   - topic: of the trades.
    ///   - interval: whose candles are counted.
    static func read(
        _ pool: PostgresPool, topic: String, interval: Interval
    ) async throws(PostgresError) -> StoredFigures {
        var figures = StoredFigures()
        let rows = try await pool.query(
            """
            SELECT partition, next_offset, nullif(watermark, $2) AS watermark, nullif(max_event, $2) AS max_event,
                (extract(epoch FROM updated_at) * 1000000)::bigint AS committed
            FROM processor_progress WHERE topic = $1 ORDER BY partition
            """, [.text(topic), .bigint(.min)])
        for row in rows {
            figures.progress.append(
                Progress(
                    partition: try row.value("partition"), nextOffset: try row.value("next_offset"),
                    watermarkMicros: try row.optional("watermark"),
                    newestTradeMicros: try row.optional("max_event"), committedMicros: try row.value("committed")))
        }
        let counts = try await pool.query(
            """
            SELECT (SELECT count(*) FROM (SELECT FROM quarantine LIMIT \(countLimit)) q) AS quarantined,
                (SELECT count(*) FROM (SELECT FROM late_trades LIMIT \(countLimit)) l) AS late
            """)
        if let row = counts.first {
            figures.quarantined = try row.value("quarantined")
            figures.lateTrades = try row.value("late")
        }
        if let newest = figures.progress.compactMap(\.newestTradeMicros).max() {
            figures.lastHour = try await lastHour(
                pool, topic: topic, interval: interval, newestSecond: newest / 1_000_000)
        }
        return figures
    }

    /// One index range an instrument; times in the text, so that other leaves are not even locked.
    private static func lastHour(
        _ pool: PostgresPool, topic: String, interval: Interval, newestSecond: Int64
    ) async throws(PostgresError) -> LastHour? {
        let end = (newestSecond / interval.seconds + 1) * interval.seconds
        let start = end - 3_600
        let rows = try await pool.query(
            """
            SELECT coalesce(sum(a.candles), 0)::bigint AS candles, coalesce(sum(a.incomplete), 0)::bigint AS incomplete,
                coalesce(sum(a.missing), 0)::bigint AS missing, coalesce(sum(a.trades), 0)::bigint AS trades
            FROM (
                SELECT DISTINCT instrument FROM processor_state WHERE topic = $1
                ORDER BY instrument LIMIT \(instrumentLimit)
            ) AS i
            CROSS JOIN LATERAL (
                SELECT count(*) AS candles, count(*) FILTER (WHERE c.missing_trades > 0) AS incomplete,
                    sum(c.missing_trades) AS missing, sum(c.trade_count) AS trades
                FROM candles_\(interval) c
                WHERE c.symbol = i.instrument AND c."interval" = '\(interval)'
                    AND c.window_start >= \(start) AND c.window_start < \(end)
            ) AS a
            """, [.text(topic)], isPrepared: false)
        guard let row = rows.first else { return nil }
        return LastHour(
            interval: interval, start: start, end: end, candles: try row.value("candles"),
            incomplete: try row.value("incomplete"), missingTrades: try row.value("missing"),
            trades: try row.value("trades"))
    }
}
