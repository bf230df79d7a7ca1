import MarketCore
public import MarketWire

/// The bodies of Binance's REST answers, as servers write them.
public enum BinanceBodies {
    /// `/api/v3/trades` and `/api/v3/historicalTrades`.
    public static func trades(_ trades: [BinanceTrade], _ unit: BinanceTimeUnit) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for trade in trades {
            json.beginObject()
            json.field("id", trade.id)
            json.money("price", trade.price)
            json.money("qty", trade.quantity)
            json.money("quoteQty", QuoteAmount(trade.price, times: trade.quantity) ?? .zero)
            json.field("time", unit.time(ofMicros: trade.timeMicros))
            json.field("isBuyerMaker", trade.isBuyerMaker)
            json.field("isBestMatch", trade.isBestMatch)
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }

    /// `/api/v3/aggTrades`.
    public static func aggregates(_ trades: [BinanceTrade], _ unit: BinanceTimeUnit) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for trade in trades {
            json.beginObject()
            json.field("a", trade.id)
            json.money("p", trade.price)
            json.money("q", trade.quantity)
            json.field("f", trade.firstTradeID)
            json.field("l", trade.lastTradeID)
            json.field("T", unit.time(ofMicros: trade.timeMicros))
            json.field("m", trade.isBuyerMaker)
            json.field("M", trade.isBestMatch)
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }

    /// `/api/v3/klines`.
    public static func klines(_ klines: [BinanceKline], _ unit: BinanceTimeUnit) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for kline in klines {
            json.beginArray()
            json.integer(unit.time(ofMicros: kline.startMicros))
            for price in [kline.open, kline.high, kline.low, kline.close] { json.decimal(price, minimumFraction: 8) }
            json.decimal(kline.volume, minimumFraction: 8)
            // The last instant of the window, in the unit asked for.
            json.integer(unit.time(ofMicros: kline.endMicros) - 1)
            json.decimal(kline.quoteVolume, minimumFraction: 8)
            json.integer(kline.tradeCount)
            json.decimal(kline.takerBuyVolume, minimumFraction: 8)
            json.decimal(kline.takerBuyQuoteVolume, minimumFraction: 8)
            json.string("0")
            json.endArray()
        }
        json.endArray()
        return json.bytes
    }

    /// `/api/v3/exchangeInfo`.
    ///
    /// - Parameters:
    ///   - serverTime: in the unit that the client wants.
    ///   - weightLimit: request weight a minute; nil where there is no such limit.
    public static func exchangeInfo(
        _ symbols: [InstrumentRecord], serverTime: Int64, weightLimit: Int?
    ) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("timezone", "UTC")
        json.field("serverTime", serverTime)
        json.key("rateLimits")
        json.beginArray()
        if let weightLimit {
            json.beginObject()
            json.field("rateLimitType", "REQUEST_WEIGHT")
            json.field("interval", "MINUTE")
            json.field("intervalNum", 1)
            json.field("limit", weightLimit)
            json.endObject()
        }
        json.endArray()
        json.key("exchangeFilters")
        json.beginArray()
        json.endArray()
        json.key("symbols")
        json.beginArray()
        for symbol in symbols { append(symbol, to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private static func append(_ symbol: InstrumentRecord, to json: inout JSONWriter) {
        json.beginObject()
        json.field("symbol", symbol.symbol)
        json.field("status", symbol.status == .trading ? "TRADING" : "BREAK")
        json.field("baseAsset", symbol.base)
        json.field("baseAssetPrecision", 8)
        json.field("quoteAsset", symbol.quote)
        json.field("quotePrecision", 8)
        json.field("quoteAssetPrecision", 8)
        json.key("orderTypes")
        json.beginArray()
        for type in ["LIMIT", "MARKET"] { json.string(type) }
        json.endArray()
        json.field("isSpotTradingAllowed", true)
        json.field("isMarginTradingAllowed", false)
        json.key("filters")
        json.beginArray()
        json.beginObject()
        json.field("filterType", "PRICE_FILTER")
        json.money("minPrice", symbol.tickSize)
        json.money("maxPrice", Price(raw: 100_000_000_000_000))
        json.money("tickSize", symbol.tickSize)
        json.endObject()
        json.beginObject()
        json.field("filterType", "LOT_SIZE")
        json.money("minQty", symbol.lotStep)
        json.money("maxQty", Quantity(raw: 900_000_000_000_000_000))
        json.money("stepSize", symbol.lotStep)
        json.endObject()
        json.endArray()
        json.key("permissions")
        json.beginArray()
        json.string("SPOT")
        json.endArray()
        json.endObject()
    }
}
