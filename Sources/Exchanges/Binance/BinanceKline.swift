public import MarketCore
public import MarketWire

/// A candle in Binance's own terms, to be written as any of its messages. A window without trades is flat: all four
/// prices are the close before it, everything else is 0.
public struct BinanceKline: Hashable, Sendable {
    /// Unix microseconds.
    public var startMicros: Int64
    /// The instant at which the next window starts, unix microseconds.
    public var endMicros: Int64
    public var open: Price
    public var high: Price
    public var low: Price
    public var close: Price
    public var volume = Quantity.zero
    public var quoteVolume = QuoteAmount.zero
    public var tradeCount: Int64 = 0
    public var takerBuyVolume = Quantity.zero
    public var takerBuyQuoteVolume = QuoteAmount.zero
    /// -1 of a window without trades.
    public var firstTradeID: Int64 = -1
    /// -1 of a window without trades.
    public var lastTradeID: Int64 = -1

    /// A flat one.
    public init(startMicros: Int64, endMicros: Int64, flatAt close: Price) {
        self.startMicros = startMicros
        self.endMicros = endMicros
        open = close
        high = close
        low = close
        self.close = close
    }

    /// Whether nothing was traded in it.
    public var isFlat: Bool { tradeCount == 0 }

    /// Takes in the trades of a later part of the window.
    ///
    /// - Returns: false where a sum is out of range; it is then as it was.
    public mutating func append(_ later: BinanceKline) -> Bool {
        guard !later.isFlat else { return true }
        guard let volume = volume.adding(later.volume), let quoteVolume = quoteVolume.adding(later.quoteVolume),
            let takerBuyVolume = takerBuyVolume.adding(later.takerBuyVolume),
            let takerBuyQuoteVolume = takerBuyQuoteVolume.adding(later.takerBuyQuoteVolume)
        else { return false }
        let (tradeCount, overflow) = tradeCount.addingReportingOverflow(later.tradeCount)
        guard !overflow else { return false }
        if isFlat {
            open = later.open
            high = later.high
            low = later.low
            firstTradeID = later.firstTradeID
        } else {
            high = max(high, later.high)
            low = min(low, later.low)
        }
        close = later.close
        lastTradeID = later.lastTradeID
        self.volume = volume
        self.quoteVolume = quoteVolume
        self.takerBuyVolume = takerBuyVolume
        self.takerBuyQuoteVolume = takerBuyQuoteVolume
        self.tradeCount = tradeCount
        return true
    }
}

extension BinanceKline {
    /// The payload of `<symbol>@kline_<interval>`.
    ///
    /// - Parameters:
    ///   - isClosed: whether it changes no more.
    ///   - eventMicros: `E`, when the message is sent; unix microseconds.
    public func writeStream(
        symbol: String, _ interval: BinanceInterval, isClosed: Bool, eventMicros: Int64, _ unit: BinanceTimeUnit,
        into json: inout JSONWriter
    ) {
        json.beginObject()
        json.field("e", "kline")
        json.field("E", unit.time(ofMicros: eventMicros))
        json.field("s", symbol)
        json.key("k")
        json.beginObject()
        json.field("t", unit.time(ofMicros: startMicros))
        json.field("T", unit.time(ofMicros: endMicros) - 1)
        json.field("s", symbol)
        json.field("i", interval.rawValue)
        json.field("f", firstTradeID)
        json.field("L", lastTradeID)
        json.money("o", open)
        json.money("c", close)
        json.money("h", high)
        json.money("l", low)
        json.money("v", volume)
        json.field("n", tradeCount)
        json.field("x", isClosed)
        json.money("q", quoteVolume)
        json.money("V", takerBuyVolume)
        json.money("Q", takerBuyQuoteVolume)
        json.field("B", "0")
        json.endObject()
        json.endObject()
    }
}
