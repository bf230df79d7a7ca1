import MarketWire
import PostgresClient

/// The table `late_trades`, as people see it.
enum LateTradeBook {
    private static let batchRows: Int32 = 50_000

    static func counts(_ session: CommandSession) async throws(PostgresError) -> TextTable {
        let rows = try await session.pool.query(
            """
            SELECT instrument, count(*) AS trades,
                to_char(to_timestamp(min(event_time_us) / 1e6) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS oldest,
                to_char(to_timestamp(max(event_time_us) / 1e6) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS newest
            FROM late_trades GROUP BY instrument ORDER BY instrument
            """)
        var table = TextTable(["instrument", "late trades", "oldest (UTC)", "newest (UTC)"])
        for row in rows {
            table.append([
                try row.value("instrument"), "\(try row.value("trades", as: Int64.self))", try row.value("oldest"),
                try row.value("newest"),
            ])
        }
        if table.isEmpty { table.append(["(there are none)"]) }
        return table
    }

    static func trades(
        _ session: CommandSession, instrument: String, limit: Int32
    ) async throws(PostgresError) -> TextTable {
        let rows = try await session.pool.query(
            """
            SELECT generation, trade_id, price, quantity, CASE WHEN taker_buy THEN 'buy' ELSE 'sell' END AS side,
                to_char(to_timestamp(event_time_us / 1e6) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at
            FROM late_trades WHERE instrument = $1 ORDER BY generation DESC, trade_id DESC LIMIT $2
            """, [.text(instrument), .integer(limit)])
        var table = TextTable(["traded (UTC)", "generation", "trade id", "price", "quantity", "taker"])
        for row in rows {
            table.append([
                try row.value("at"), "\(try row.value("generation", as: Int32.self))",
                "\(try row.value("trade_id", as: Int64.self))", try row.value("price"), try row.value("quantity"),
                try row.value("side"),
            ])
        }
        return table
    }

    static func apply(_ session: CommandSession, instrument: String?) async throws {
        let rows = try await session.pool.query(
            "SELECT DISTINCT instrument FROM late_trades WHERE $1::text IS NULL OR instrument = $1 ORDER BY instrument",
            [.optional(instrument)])
        var keys: [String] = []
        for row in rows { keys.append(try row.value("instrument")) }
        var applied: Int64 = 0
        if !keys.isEmpty {
            let partitions = try await partitions(of: keys, session)
            while true {
                let result = try await session.pool.query(
                    "SELECT apply_late_trades($1, $2, $3) AS applied",
                    [.integers(partitions), .texts(keys), .integer(batchRows)])
                let taken: Int64 = try result.first?.value("applied") ?? 0
                applied += taken
                if taken < Int64(batchRows) { break }
                Terminal.progress("\(applied) late trades so far")
            }
        }
        Terminal.endProgress()
        let left = try await session.pool.query(
            "SELECT count(*) AS left FROM late_trades WHERE $1::text IS NULL OR instrument = $1",
            [.optional(instrument)])
        Terminal.say(
            "\(applied) late trades merged, \(try left.first?.value("left", as: Int64.self) ?? 0) left: their 10 s "
                + "candles are behind the horizon in candle_retention")
    }

    /// The trades partition of each instrument, whose owner publishes the amended candles.
    static func partitions(of keys: [String], _ session: CommandSession) async throws -> [Int32] {
        let rows = try await session.pool.query(
            "SELECT max(partitions) AS partitions FROM processor_progress WHERE topic = $1", [.text(session.topic)])
        guard let count: Int32 = try rows.first?.optional("partitions") else {
            throw CommandError("no processor has ever worked on \(session.topic) with this database")
        }
        return keys.map { Murmur2.partition(key: $0, partitions: count) }
    }
}
