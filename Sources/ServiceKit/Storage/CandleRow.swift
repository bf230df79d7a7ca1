import MarketCore
import MarketWire
import PostgresClient

extension PostgresRow {
    /// A column of money, read from numeric's own text.
    ///
    /// - Throws: `PostgresError` of kind `decoding` where it is NULL or out of range.
    package func exact<Number: ExactDecimal>(_ column: String) throws(PostgresError) -> Number {
        let text: String = try value(column)
        guard let number = Number(text) else {
            throw PostgresError(.decoding, "\(column) is '\(text.prefix(64))', which does not fit \(Number.self)")
        }
        return number
    }

    /// The same for a column that may be NULL.
    package func optionalExact<Number: ExactDecimal>(_ column: String) throws(PostgresError) -> Number? {
        guard try optional(column, as: String.self) != nil else { return nil }
        return try exact(column)
    }
}

extension CandleRecord {
    /// A stored candle: a row with the columns of the table `candles`.
    ///
    /// - Parameter lineage: of the partition, where readers compare it.
    package init(_ row: PostgresRow, interval: Interval, lineage: Int64? = nil) throws(PostgresError) {
        self.init(
            symbol: try row.value("symbol"), interval: interval, windowStart: try row.value("window_start"),
            open: try row.exact("open"), high: try row.exact("high"), low: try row.exact("low"),
            close: try row.exact("close"), volume: try row.exact("volume"), quoteVolume: try row.exact("quote_volume"),
            tradeCount: try row.value("trade_count"), takerBuyVolume: try row.exact("taker_buy_volume"),
            takerBuyQuoteVolume: try row.exact("taker_buy_quote_volume"),
            firstTradeID: try row.value("first_trade_id"), lastTradeID: try row.value("last_trade_id"),
            missingTrades: try row.optional("missing_trades"), revision: try row.value("revision"), isClosed: true,
            lineage: lineage)
    }
}
