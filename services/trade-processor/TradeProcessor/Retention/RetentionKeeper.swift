import Logging
import MarketCore
import Metrics
import PostgresClient

/// Drops tables of candles that are older than what is to be kept: whole months or years, never row by row.
///
/// Age is event time: candles of a replay of 2020 are as old as its newest trade is later than they. The wall clock
/// only bounds it, so that no trade from the future drops the present.
struct RetentionKeeper: Sendable {
    let pool: PostgresPool
    let topic: String
    /// Seconds, by interval.
    let ages: [Interval: Int64]
    let logger: Logger

    private static let dropped = Counter(label: "processor_candle_tables_dropped_total")
    private static let pause = Duration.seconds(600)

    /// Until the task is cancelled. Any number of processors may do so at once.
    func run() async {
        while !Task.isCancelled {
            await sweep()
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Once, for all intervals. What cannot be dropped now, because somebody reads it, is dropped the next time.
    func sweep() async {
        for (interval, age) in ages.sorted(by: { $0.key < $1.key }) {
            do {
                let count = try await drop(interval, age: age)
                guard count > 0 else { continue }
                Self.dropped.increment(by: Int64(count))
                logger.notice(
                    "old candles dropped",
                    metadata: ["interval": "\(interval)", "tables": "\(count)", "kept_days": "\(age / 86_400)"])
            } catch {
                logger.warning(
                    "old candles cannot be dropped yet", metadata: ["interval": "\(interval)", "error": "\(error)"])
            }
        }
    }

    private func drop(_ interval: Interval, age: Int64) async throws(PostgresError) -> Int32 {
        let rows = try await pool.query(
            """
            SELECT drop_candle_partitions($1, least(newest, extract(epoch FROM now())::bigint) - $2) AS dropped
            FROM (SELECT max(max_event) / 1000000 AS newest FROM processor_progress WHERE topic = $3) AS times
            WHERE newest > $2
            """, [.text(interval.description), .bigint(age), .text(topic)])
        return try rows.first?.value("dropped") ?? 0
    }
}
