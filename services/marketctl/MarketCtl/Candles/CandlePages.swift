import MarketCore
import PostgresClient

/// What runs a statement: a pool, or a connection within its transaction.
protocol StatementRunner: Sendable {
    func query(
        _ sql: String, _ parameters: [PostgresValue], isPrepared: Bool
    ) async throws(PostgresError) -> PostgresRows
}

extension PostgresPool: StatementRunner {}
extension PostgresConnection: StatementRunner {}

/// Stored candles of one instrument and interval, page by page, oldest first. Each question is bounded on both sides,
/// so that it touches two of the interval's tables at most, and goes on behind the last row of the one before.
struct CandlePages {
    /// What of the candles is read, in this order.
    static let columns = [
        "symbol", "interval", "window_start", "open", "high", "low", "close", "volume", "quote_volume", "trade_count",
        "taker_buy_volume", "taker_buy_quote_volume", "first_trade_id", "last_trade_id", "missing_trades", "revision",
    ]

    let symbol: String
    let interval: Interval
    /// Unix seconds, both on `window_start`.
    let range: Range<Int64>
    /// Where the next page begins, unix seconds.
    private(set) var position: Int64
    private let pageRows: Int32

    init(symbol: String, interval: Interval, _ range: Range<Int64>, pageRows: Int32 = 5_000) {
        self.symbol = symbol
        self.interval = interval
        self.range = range
        self.pageRows = pageRows
        position = range.lowerBound
    }

    /// The next rows, at least one; nil behind the last.
    mutating func next(_ runner: some StatementRunner) async throws(PostgresError) -> PostgresRows? {
        while position < range.upperBound {
            let end = min(position + tableSeconds, range.upperBound)
            let rows = try await runner.query(
                Self.sql,
                [.text(symbol), .text(interval.description), .bigint(position), .bigint(end), .integer(pageRows)],
                isPrepared: false)
            if rows.count < Int(pageRows) {
                position = end
            } else if let last = rows.last {
                position = try last.value("window_start") + interval.seconds
            }
            if !rows.isEmpty { return rows }
        }
        return nil
    }

    /// About as long as one of the interval's tables.
    private var tableSeconds: Int64 { (interval < .oneHour ? 31 : 366) * 86_400 }

    private static let sql = """
        SELECT \(columns.map { "\"\($0)\"" }.joined(separator: ", ")) FROM candles
        WHERE symbol = $1 AND "interval" = $2 AND window_start >= $3 AND window_start < $4
        ORDER BY window_start LIMIT $5
        """

    /// From the first to behind the last window that is stored; nil where none is.
    static func stored(
        _ symbol: String, _ interval: Interval, _ runner: some StatementRunner
    ) async throws(PostgresError) -> Range<Int64>? {
        let rows = try await runner.query(
            """
            SELECT min(window_start) AS first, max(window_start) AS last FROM candles
            WHERE symbol = $1 AND "interval" = $2
            """, [.text(symbol), .text(interval.description)], isPrepared: false)
        guard let row = rows.first, let first: Int64 = try row.optional("first"),
            let last: Int64 = try row.optional("last")
        else { return nil }
        return first..<last + interval.seconds
    }
}
