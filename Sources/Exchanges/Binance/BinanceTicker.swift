public import MarketCore
public import MarketWire

/// What a symbol did within the last 24 hours, in Binance's own terms.
public struct BinanceTicker: Hashable, Sendable {
    public var symbol: String
    public var priceChange: Price
    /// With three decimal places.
    public var priceChangePercent: String
    public var weightedAveragePrice: Price
    /// The last price before the 24 hours.
    public var previousClose: Price
    public var lastPrice: Price
    public var lastQuantity: Quantity
    public var open: Price
    public var high: Price
    public var low: Price
    public var volume: Quantity
    public var quoteVolume: QuoteAmount
    /// When the 24 hours began, unix microseconds.
    public var openMicros: Int64
    /// When they ended, unix microseconds.
    public var closeMicros: Int64
    /// -1 where nothing was traded.
    public var firstTradeID: Int64
    /// -1 where nothing was traded.
    public var lastTradeID: Int64
    public var tradeCount: Int64

    public init(
        symbol: String, priceChange: Price, priceChangePercent: String, weightedAveragePrice: Price,
        previousClose: Price, lastPrice: Price, lastQuantity: Quantity, open: Price, high: Price, low: Price,
        volume: Quantity, quoteVolume: QuoteAmount, openMicros: Int64, closeMicros: Int64, firstTradeID: Int64,
        lastTradeID: Int64, tradeCount: Int64
    ) {
        self.symbol = symbol
        self.priceChange = priceChange
        self.priceChangePercent = priceChangePercent
        self.weightedAveragePrice = weightedAveragePrice
        self.previousClose = previousClose
        self.lastPrice = lastPrice
        self.lastQuantity = lastQuantity
        self.open = open
        self.high = high
        self.low = low
        self.volume = volume
        self.quoteVolume = quoteVolume
        self.openMicros = openMicros
        self.closeMicros = closeMicros
        self.firstTradeID = firstTradeID
        self.lastTradeID = lastTradeID
        self.tradeCount = tradeCount
    }
}

extension BinanceTicker {
    /// An element of `/api/v3/ticker/24hr`. There is no order book here: bid and ask are 0, as of an empty one.
    ///
    /// - Parameter isFull: of Binance's two types, FULL or MINI.
    public func write(isFull: Bool, _ unit: BinanceTimeUnit, into json: inout JSONWriter) {
        json.beginObject()
        json.field("symbol", symbol)
        if isFull {
            json.money("priceChange", priceChange)
            json.field("priceChangePercent", priceChangePercent)
            json.money("weightedAvgPrice", weightedAveragePrice)
            json.money("prevClosePrice", previousClose)
            json.money("lastPrice", lastPrice)
            json.money("lastQty", lastQuantity)
            for name in ["bidPrice", "bidQty", "askPrice", "askQty"] as [StaticString] {
                json.money(name, Quantity.zero)
            }
        }
        json.money("openPrice", open)
        json.money("highPrice", high)
        json.money("lowPrice", low)
        if !isFull { json.money("lastPrice", lastPrice) }
        json.money("volume", volume)
        json.money("quoteVolume", quoteVolume)
        json.field("openTime", unit.time(ofMicros: openMicros))
        json.field("closeTime", unit.time(ofMicros: closeMicros))
        json.field("firstId", firstTradeID)
        json.field("lastId", lastTradeID)
        json.field("count", tradeCount)
        json.endObject()
    }

    /// The payload of `<symbol>@ticker`.
    ///
    /// - Parameter eventMicros: `E`, when the message is sent; unix microseconds.
    public func writeStream(eventMicros: Int64, _ unit: BinanceTimeUnit, into json: inout JSONWriter) {
        json.beginObject()
        json.field("e", "24hrTicker")
        json.field("E", unit.time(ofMicros: eventMicros))
        json.field("s", symbol)
        json.money("p", priceChange)
        json.field("P", priceChangePercent)
        json.money("w", weightedAveragePrice)
        json.money("x", previousClose)
        json.money("c", lastPrice)
        json.money("Q", lastQuantity)
        for name in ["b", "B", "a", "A"] as [StaticString] { json.money(name, Quantity.zero) }
        writeRange(into: &json)
        json.field("O", unit.time(ofMicros: openMicros))
        json.field("C", unit.time(ofMicros: closeMicros))
        json.field("F", firstTradeID)
        json.field("L", lastTradeID)
        json.field("n", tradeCount)
        json.endObject()
    }

    /// The payload of `<symbol>@miniTicker`, and an element of `!miniTicker@arr`.
    public func writeMiniStream(eventMicros: Int64, _ unit: BinanceTimeUnit, into json: inout JSONWriter) {
        json.beginObject()
        json.field("e", "24hrMiniTicker")
        json.field("E", unit.time(ofMicros: eventMicros))
        json.field("s", symbol)
        json.money("c", lastPrice)
        writeRange(into: &json)
        json.endObject()
    }

    private func writeRange(into json: inout JSONWriter) {
        json.money("o", open)
        json.money("h", high)
        json.money("l", low)
        json.money("v", volume)
        json.money("q", quoteVolume)
    }
}

extension JSONWriter {
    /// A member with a decimal as Binance writes it: 8 places, more only where there are more.
    mutating func money(_ name: StaticString, _ value: some ExactDecimal) {
        key(name)
        decimal(value, minimumFraction: 8)
    }
}
