import InfluxClient
import MarketCore
import PostgresClient

/// A candle by its place in the one interval that is delivered.
struct InfluxKey: Sendable, Hashable {
    let symbol: String
    /// Unix seconds.
    let windowStart: Int64
}

/// What InfluxDB has not got yet, as PostgreSQL knows it, on a connection of the sink's own.
///
/// The connection holds an advisory lock: of several processors one delivers at a time, and the next begins when the
/// connection has ended.
struct InfluxOutbox: Sendable {
    /// The oldest rows of the outbox and their candles as they are now.
    struct Pending: Sendable {
        /// Rows to delete once the points are delivered; those whose candle retention has dropped are among them.
        var ids: [Int64] = []
        var keys: [InfluxKey] = []
        var points: [InfluxPoint] = []
        /// How many rows there are at most, counted by their numbers.
        var backlog: Int64 = 0
    }

    let connection: PostgresConnection
    let interval: Interval

    /// Makes this connection the one that delivers.
    ///
    /// - Returns: whether no other is.
    func lock() async throws(PostgresError) -> Bool {
        let rows = try await connection.query(
            "SELECT pg_try_advisory_lock(hashtextextended('influx sink', 0)) AS is_locked")
        return try rows.first?.value("is_locked") ?? false
    }

    /// Throws where the session is gone.
    func ping() async throws(PostgresError) { _ = try await connection.query("SELECT 1") }

    /// Says where candles go.
    ///
    /// - Returns: the last candle of those from before that was delivered; nil once all of them are.
    func start(target: String) async throws(PostgresError) -> InfluxKey? {
        let rows = try await connection.query(
            "SELECT * FROM influx_start($1, $2)", [.text(target), .text(interval.description)])
        guard let row = rows.first, let symbol = try row.optional("backfill_symbol", as: String.self) else {
            return nil
        }
        return InfluxKey(symbol: symbol, windowStart: try row.optional("backfill_start") ?? 0)
    }

    func pending(limit: Int) async throws(PostgresError) -> Pending {
        var pending = Pending()
        let rows = try await connection.query(
            """
            SELECT id, symbol, window_start, (SELECT max(id) FROM influx_outbox) AS newest \
            FROM influx_outbox ORDER BY id LIMIT $1
            """, [.bigint(Int64(limit))])
        var keys: Set<InfluxKey> = []
        for row in rows {
            pending.ids.append(try row.value("id"))
            keys.insert(InfluxKey(symbol: try row.value("symbol"), windowStart: try row.value("window_start")))
        }
        guard let oldest = pending.ids.first, let newest = try rows.first?.value("newest", as: Int64.self) else {
            return pending
        }
        pending.backlog = newest - oldest + 1
        pending.keys = Array(keys)
        let candles = try await connection.query(
            "SELECT * FROM candles_by_key($1, $2, $3)",
            [
                .texts(pending.keys.map(\.symbol)), .texts(pending.keys.map { _ in interval.description }),
                .bigints(pending.keys.map(\.windowStart)),
            ])
        for row in candles { pending.points.append(try Self.point(row)) }
        return pending
    }

    func delete(_ ids: [Int64]) async throws(PostgresError) {
        _ = try await connection.query("DELETE FROM influx_outbox WHERE id = ANY ($1)", [.bigints(ids.map { $0 })])
    }

    /// Puts candles into the outbox again. Needs no lock.
    func put(_ keys: Set<InfluxKey>) async throws(PostgresError) {
        let ordered = keys.sorted { ($0.windowStart, $0.symbol) < ($1.windowStart, $1.symbol) }
        _ = try await connection.query(
            """
            INSERT INTO influx_outbox (symbol, "interval", window_start) \
            SELECT k.symbol, $3, k.window_start FROM unnest($1::text[], $2::bigint[]) AS k (symbol, window_start)
            """,
            [
                .texts(ordered.map(\.symbol)), .bigints(ordered.map(\.windowStart)), .text(interval.description),
            ])
    }

    /// Candles from before the outbox, in the order of their key.
    func older(after key: InfluxKey, limit: Int) async throws(PostgresError) -> [(InfluxKey, InfluxPoint)] {
        let rows = try await connection.query(
            """
            SELECT symbol, window_start, open, high, low, close, volume FROM candles_\(interval) \
            WHERE "interval" = '\(interval)' AND (symbol, "interval", window_start) > ($1, '\(interval)', $2) \
            ORDER BY symbol, "interval", window_start LIMIT $3
            """, [.text(key.symbol), .bigint(key.windowStart), .bigint(Int64(limit))], isPrepared: false)
        var found: [(InfluxKey, InfluxPoint)] = []
        for row in rows {
            let key = InfluxKey(symbol: try row.value("symbol"), windowStart: try row.value("window_start"))
            found.append((key, try Self.point(row)))
        }
        return found
    }

    /// - Parameter key: nil once all candles from before are delivered.
    func saveBackfill(_ key: InfluxKey?) async throws(PostgresError) {
        _ = try await connection.query(
            "UPDATE influx_target SET backfill_symbol = $1, backfill_start = $2",
            [key.map { .text($0.symbol) } ?? .null, key.map { .bigint($0.windowStart) } ?? .null])
    }

    /// Measurement `crypto_price`; the numbers as PostgreSQL has them, digit by digit.
    private static func point(_ row: PostgresRow) throws(PostgresError) -> InfluxPoint {
        let close: String = try row.value("close")
        let tags = [InfluxPoint.Pair("symbol", try row.value("symbol"))]
        let fields = [
            InfluxPoint.Pair("price", close), InfluxPoint.Pair("open", try row.value("open")),
            InfluxPoint.Pair("high", try row.value("high")), InfluxPoint.Pair("low", try row.value("low")),
            InfluxPoint.Pair("close", close), InfluxPoint.Pair("volume", try row.value("volume")),
        ]
        let time: Int64 = try row.value("window_start")
        do throws(InfluxError) {
            return try InfluxPoint(measurement: "crypto_price", tags: tags, fields: fields, timeSeconds: time)
        } catch {
            throw PostgresError(.decoding, "a candle makes no point: \(error.message)")
        }
    }
}
