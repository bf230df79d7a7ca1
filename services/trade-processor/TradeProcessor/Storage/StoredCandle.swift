import MarketCore
import MarketWire
import PostgresClient

/// A candle row as a commit left it, on its way to Redis and the topic `candles`.
package struct StoredCandle: Sendable {
    package let record: CandleRecord
    /// The partition of `trades` that it came from.
    package let partition: Int32
    /// The row of the outbox that says it was not published yet; nil where it is only sent once more.
    package let outboxID: Int64?

    package init(record: CandleRecord, partition: Int32, outboxID: Int64?) {
        self.record = record
        self.partition = partition
        self.outboxID = outboxID
    }

    /// Reads one row of the database's type `candle_change`.
    ///
    /// - Parameter lineage: of the partition, which readers of the topic compare before the revision.
    init(_ row: PostgresRow, partition: Int32, lineage: Int64) throws(PostgresError) {
        guard let interval = Interval(try row.value("interval", as: String.self)) else {
            throw PostgresError(
                .decoding, "a candle row has the interval '\(try row.value("interval", as: String.self))'")
        }
        self.partition = try row.optional("topic_partition") ?? partition
        outboxID = try row.optional("outbox_id")
        record = CandleRecord(
            symbol: try row.value("symbol"), interval: interval, windowStart: try row.value("window_start"),
            open: try Self.decimal(row, "open"), high: try Self.decimal(row, "high"), low: try Self.decimal(row, "low"),
            close: try Self.decimal(row, "close"), volume: try Self.decimal(row, "volume"),
            quoteVolume: try Self.decimal(row, "quote_volume"), tradeCount: try row.value("trade_count"),
            takerBuyVolume: try Self.decimal(row, "taker_buy_volume"),
            takerBuyQuoteVolume: try Self.decimal(row, "taker_buy_quote_volume"),
            firstTradeID: try row.value("first_trade_id"), lastTradeID: try row.value("last_trade_id"),
            missingTrades: try row.optional("missing_trades"), revision: try row.value("revision"), isClosed: true,
            lineage: lineage)
    }

    private static func decimal<Number: ExactDecimal>(
        _ row: PostgresRow, _ column: String
    ) throws(PostgresError) -> Number {
        let text: String = try row.value(column)
        guard let number = Number(text) else {
            throw PostgresError(.decoding, "column \(column) holds '\(text)', which is out of range")
        }
        return number
    }
}
