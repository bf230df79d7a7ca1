import MarketCore
import PostgresClient
import ServiceKit

#if canImport(Glibc)
import Glibc
#endif

/// A stored candle as analysis wants it: exact, and as floating point for statistics.
struct AnalyzedCandle: Sendable {
    /// Unix seconds.
    let start: Int64
    let open: Price
    let high: Price
    let low: Price
    let close: Price
    let volume: Quantity
    let quoteVolume: QuoteAmount
    let takerBuyVolume: Quantity
    let tradeCount: Int64
    /// Nil: not known.
    let missingTrades: Int64?
}

extension AnalyzedCandle {
    /// - Throws: `PostgresError`.
    init(_ row: PostgresRow) throws(PostgresError) {
        self.init(
            start: try row.value("window_start"), open: try row.exact("open"), high: try row.exact("high"),
            low: try row.exact("low"), close: try row.exact("close"), volume: try row.exact("volume"),
            quoteVolume: try row.exact("quote_volume"), takerBuyVolume: try row.exact("taker_buy_volume"),
            tradeCount: try row.value("trade_count"), missingTrades: try row.optional("missing_trades"))
    }
}

extension ExactDecimal {
    /// The nearest floating point number, for statistics and plots.
    var approximate: Double { Double(scaledValue) / pow(10, Double(Self.scale)) }
}
