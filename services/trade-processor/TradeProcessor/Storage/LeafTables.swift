import MarketCore
import PostgresClient

/// Knows which leaf tables of `candles` exist, so that a commit never meets a missing one.
///
/// Leaves are made beside commits and never inside (DESIGN 3.5).
actor LeafTables {
    private let pool: PostgresPool
    private var known: [Interval: Set<Int64>] = [:]

    /// Far more leaves than any market's history needs.
    private static let limit = 20_000

    init(pool: PostgresPool) { self.pool = pool }

    /// Makes the leaves of these windows unless they are known to exist.
    func ensure(_ windows: [(interval: Interval, windowStart: Int64)]) async throws(PostgresError) {
        for (interval, windowStart) in windows {
            // No leaf is shorter than a month, so one question for each four weeks covers all.
            let slot = windowStart / Self.slotSeconds
            guard known[interval]?.contains(slot) != true else { continue }
            let start = slot * Self.slotSeconds
            _ = try await pool.query(
                "SELECT ensure_candle_partitions($1, $2, $3)",
                [.text(interval.description), .bigint(start), .bigint(start + Self.slotSeconds - 1)])
            if known.values.reduce(0, { $0 + $1.count }) >= Self.limit { known = [:] }
            known[interval, default: []].insert(slot)
        }
    }

    /// Forgets all, after a commit met a missing leaf (retention dropped it).
    func forget() { known = [:] }

    private static let slotSeconds: Int64 = 28 * 86_400
}
