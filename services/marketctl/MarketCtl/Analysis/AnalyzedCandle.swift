import MarketCore
import PostgresClient

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

    /// - Throws: ``CommandError`` for a number that no candle of ours has, `PostgresError`.
    init(_ row: PostgresRow) throws {
        func exact<Number: ExactDecimal>(_ column: String) throws -> Number {
            let text: String = try row.value(column)
            guard let number = Number(text) else {
                throw CommandError(
                    "\(column) of the candle at \(try row.value("window_start", as: Int64.self)): \(text)")
            }
            return number
        }
        start = try row.value("window_start")
        open = try exact("open")
        high = try exact("high")
        low = try exact("low")
        close = try exact("close")
        volume = try exact("volume")
        quoteVolume = try exact("quote_volume")
        takerBuyVolume = try exact("taker_buy_volume")
        tradeCount = try row.value("trade_count")
        missingTrades = try row.optional("missing_trades")
    }

    init(
        start: Int64, open: Price, high: Price, low: Price, close: Price, volume: Quantity, quoteVolume: QuoteAmount,
        takerBuyVolume: Quantity, tradeCount: Int64, missingTrades: Int64?
    ) {
        self.start = start
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.quoteVolume = quoteVolume
        self.takerBuyVolume = takerBuyVolume
        self.tradeCount = tradeCount
        self.missingTrades = missingTrades
    }
}

extension ExactDecimal {
    /// The nearest floating point number, for statistics and plots.
    var approximate: Double { Double(scaledValue) / pow(10, Double(Self.scale)) }
}
