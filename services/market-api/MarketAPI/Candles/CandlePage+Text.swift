import MarketCore
import MarketWire

extension CandlePage {
    /// The columns of the CSV form, named as the members of the JSON form.
    static let columns = [
        "symbol", "interval", "window_start", "open", "high", "low", "close", "volume", "quote_volume", "trade_count",
        "taker_buy_volume", "taker_buy_quote_volume", "first_trade_id", "last_trade_id", "missing_trades", "revision",
        "closed",
    ]

    /// The body.
    func json(_ request: CandleRequest) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128 + candles.count * 420)
        var writer = JSONWriter(into: bytes)
        writer.beginObject()
        writer.field("symbol", request.instrument.key)
        writer.field("interval", request.interval.description)
        writer.key("candles")
        writer.beginArray()
        for candle in inOrder(request) {
            if request.fill == .none {
                writer.raw(candle.encoded())
            } else {
                write(candle, into: &writer)
            }
        }
        writer.endArray()
        writer.key("next_cursor")
        if let nextCursor { writer.string(nextCursor.description) } else { writer.null() }
        writer.endObject()
        return writer.bytes
    }

    /// The body with a line of column names; nothing in it needs quotes.
    func csv(_ request: CandleRequest) -> [UInt8] {
        let isFilling = request.fill != .none
        var text = (Self.columns + (isFilling ? ["filled"] : [])).joined(separator: ",") + "\r\n"
        text.reserveCapacity(160 + candles.count * 180)
        for candle in inOrder(request) {
            let isFilled = filled.contains(candle.windowStart)
            var fields = [
                candle.symbol, candle.interval.description, String(candle.windowStart), candle.open.description,
                candle.high.description, candle.low.description, candle.close.description, candle.volume.description,
                candle.quoteVolume.description, String(candle.tradeCount), candle.takerBuyVolume.description,
                candle.takerBuyQuoteVolume.description, isFilled ? "" : String(candle.firstTradeID),
                isFilled ? "" : String(candle.lastTradeID), candle.missingTrades.map(String.init) ?? "",
                String(candle.revision), String(candle.isClosed),
            ]
            if isFilling { fields.append(String(isFilled)) }
            text += fields.joined(separator: ",") + "\r\n"
        }
        return Array(text.utf8)
    }

    private func inOrder(_ request: CandleRequest) -> [CandleRecord] {
        request.order == .ascending ? candles : candles.reversed()
    }

    /// A candle that says whether it is a filled window; such a one has no trades to name.
    private func write(_ candle: CandleRecord, into writer: inout JSONWriter) {
        let isFilled = filled.contains(candle.windowStart)
        writer.beginObject()
        writer.field("symbol", candle.symbol)
        writer.field("interval", candle.interval.description)
        writer.field("window_start", candle.windowStart)
        writer.field("open", candle.open)
        writer.field("high", candle.high)
        writer.field("low", candle.low)
        writer.field("close", candle.close)
        writer.field("volume", candle.volume)
        writer.field("quote_volume", candle.quoteVolume)
        writer.field("trade_count", candle.tradeCount)
        writer.field("taker_buy_volume", candle.takerBuyVolume)
        writer.field("taker_buy_quote_volume", candle.takerBuyQuoteVolume)
        writer.field("first_trade_id", isFilled ? nil : candle.firstTradeID)
        writer.field("last_trade_id", isFilled ? nil : candle.lastTradeID)
        writer.field("missing_trades", candle.missingTrades)
        writer.field("revision", candle.revision)
        writer.field("closed", candle.isClosed)
        writer.field("filled", isFilled)
        writer.endObject()
    }
}
