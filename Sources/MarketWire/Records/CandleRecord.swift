import MarketCore

/// A candle as everybody outside the processor sees it: topic `candles`, the API, Redis.
public struct CandleRecord: Hashable, Sendable {
    /// The instrument's key text.
    public var symbol: String
    public var interval: Interval
    /// Unix seconds, a multiple of the interval's length.
    public var windowStart: Int64
    public var open: Price
    public var high: Price
    public var low: Price
    public var close: Price
    /// Base asset traded.
    public var volume: Quantity
    /// Quote asset traded.
    public var quoteVolume: QuoteAmount
    public var tradeCount: Int64
    /// The part of `volume` whose taker bought.
    public var takerBuyVolume: Quantity
    /// The part of `quoteVolume` whose taker bought.
    public var takerBuyQuoteVolume: QuoteAmount
    public var firstTradeID: Int64
    public var lastTradeID: Int64
    /// Trades known to have happened that are not in it; nil where that is not known.
    public var missingTrades: Int64?
    /// How often the stored candle was changed; 0 while it is open.
    public var revision: Int64
    public var isClosed: Bool
    /// Which log the candle was built from, compared before the revision; only in the topic `candles`.
    public var lineage: Int64?

    public init(
        symbol: String, interval: Interval, windowStart: Int64, open: Price, high: Price, low: Price, close: Price,
        volume: Quantity, quoteVolume: QuoteAmount, tradeCount: Int64, takerBuyVolume: Quantity,
        takerBuyQuoteVolume: QuoteAmount, firstTradeID: Int64, lastTradeID: Int64, missingTrades: Int64?,
        revision: Int64, isClosed: Bool, lineage: Int64? = nil
    ) {
        self.symbol = symbol
        self.interval = interval
        self.windowStart = windowStart
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.quoteVolume = quoteVolume
        self.tradeCount = tradeCount
        self.takerBuyVolume = takerBuyVolume
        self.takerBuyQuoteVolume = takerBuyQuoteVolume
        self.firstTradeID = firstTradeID
        self.lastTradeID = lastTradeID
        self.missingTrades = missingTrades
        self.revision = revision
        self.isClosed = isClosed
        self.lineage = lineage
    }

    /// The record key in the topic `candles`: `BTCUSDT|10s|1700000000`.
    public static func key(symbol: String, interval: Interval, windowStart: Int64) -> String {
        "\(symbol)|\(interval)|\(windowStart)"
    }

    /// The partition in the topic `candles`: that of the instrument, so that its candles stay in order.
    public static func partition(symbol: String, partitions: Int32) -> Int32 {
        Murmur2.partition(key: symbol, partitions: partitions)
    }
}
