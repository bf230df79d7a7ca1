import Logging
import MarketCore
import MarketWire
import PostgresClient
import ServiceKit
import Synchronization

/// Closed candles out of PostgreSQL.
final class PostgresHistory: CandleRepository {
    private struct Leaves {
        let starts: [Int64]
        let readAtMicros: Int64
    }

    /// How long a list of leaves is used; an old one costs locks and no rows.
    private static let leavesMaxAgeMicros: Int64 = 60_000_000
    private static let columns = """
        symbol, window_start, open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume, \
        taker_buy_quote_volume, first_trade_id, last_trade_id, missing_trades, revision
        """

    let pool: PostgresPool
    private let time: TimeSource
    private let logger: Logger
    private let leaves = Mutex<[Interval: Leaves]>([:])

    init(pool: PostgresPool, time: TimeSource, logger: Logger) {
        self.pool = pool
        self.time = time
        self.logger = logger
    }

    func candles(_ selection: CandleSelection) async throws(HistoryError) -> [CandleRecord] {
        do {
            let steps = LeafWalk.steps(
                through: selection.range, leafStarts: try await leafStarts(selection.interval), from: selection.edge)
            var found: [CandleRecord] = []
            for step in steps where found.count < selection.limit {
                let rows = try await read(selection, step, limit: selection.limit - found.count)
                switch selection.edge {
                case .oldest: found += rows
                case .newest: found = rows.reversed() + found
                }
            }
            return found
        } catch {
            throw report(error)
        }
    }

    func instruments() async throws(HistoryError) -> [InstrumentInfo] {
        do {
            // An instrument may have trades before its venue's metadata come, or without.
            let rows = try await pool.query(
                """
                SELECT key, base, quote, tick_size, lot_step, status FROM instruments
                UNION ALL
                SELECT DISTINCT instrument, NULL, NULL, NULL::numeric, NULL::numeric, 'unknown' FROM processor_state s
                WHERE NOT EXISTS (SELECT FROM instruments i WHERE i.key = s.instrument)
                ORDER BY 1 LIMIT $1
                """, [.bigint(Int64(LiveBoard.instrumentLimit))])
            var infos: [InstrumentInfo] = []
            for row in rows {
                guard let instrument = try? Instrument(key: try row.value("key", as: String.self)) else { continue }
                let tick: String? = try row.optional("tick_size")
                let step: String? = try row.optional("lot_step")
                infos.append(
                    InstrumentInfo(
                        instrument: instrument, base: try row.optional("base"), quote: try row.optional("quote"),
                        tickSize: tick.flatMap { Price($0) }, lotStep: step.flatMap { Quantity($0) },
                        status: try row.value("status")))
            }
            return infos
        } catch {
            throw report(error)
        }
    }

    private func read(
        _ selection: CandleSelection, _ range: Range<Int64>, limit: Int
    ) async throws(PostgresError) -> [CandleRecord] {
        let order = selection.edge == .oldest ? "ASC" : "DESC"
        // Planned with its values: a generic plan would lock every leaf.
        let rows = try await pool.query(
            """
            SELECT \(Self.columns) FROM candles_\(selection.interval)
            WHERE symbol = $1 AND "interval" = '\(selection.interval)' AND window_start >= $2 AND window_start < $3
            ORDER BY window_start \(order) LIMIT $4
            """,
            [
                .text(selection.symbol), .bigint(range.lowerBound), .bigint(range.upperBound), .bigint(Int64(limit)),
            ], isPrepared: false)
        var records: [CandleRecord] = []
        records.reserveCapacity(rows.count)
        for row in rows { records.append(try CandleRecord(row, interval: selection.interval)) }
        return records
    }

    private func leafStarts(_ interval: Interval) async throws(PostgresError) -> [Int64] {
        let now = time.monotonicMicros
        let known = leaves.withLock { $0[interval] }
        if let known, now - known.readAtMicros < Self.leavesMaxAgeMicros { return known.starts }
        let rows = try await pool.query(
            """
            SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''?(-?[0-9]+)')::bigint AS start
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = to_regclass($1)
            """, [.text("candles_\(interval)")])
        var starts: [Int64] = []
        for row in rows { if let start: Int64 = try row.optional("start") { starts.append(start) } }
        leaves.withLock { $0[interval] = Leaves(starts: starts, readAtMicros: now) }
        return starts
    }

    /// The log has the whole error; callers get what they can act on.
    func report(_ error: PostgresError) -> HistoryError {
        logger.warning("PostgreSQL did not answer a query", metadata: ["error": "\(error)"])
        switch error.kind {
        case .decoding, .usage: return HistoryError(isTransient: false, description: "a stored value cannot be read")
        case .busy: return HistoryError(isTransient: true, description: "too many queries are waiting")
        case .statementTimeout, .timedOut:
            return HistoryError(isTransient: true, description: "the query took too long")
        default: return HistoryError(isTransient: true, description: "PostgreSQL cannot be reached or cannot answer")
        }
    }
}
