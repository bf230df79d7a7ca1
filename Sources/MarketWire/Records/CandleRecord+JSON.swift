import MarketCore

extension CandleRecord: WireRecord {
    private enum Field: String, RecordField {
        case symbol, interval
        case windowStart = "window_start"
        case open, high, low, close, volume
        case quoteVolume = "quote_volume"
        case tradeCount = "trade_count"
        case takerBuyVolume = "taker_buy_volume"
        case takerBuyQuoteVolume = "taker_buy_quote_volume"
        case firstTradeID = "first_trade_id"
        case lastTradeID = "last_trade_id"
        case missingTrades = "missing_trades"
        case revision, closed, lineage
    }

    public func encode(into bytes: inout [UInt8]) {
        bytes.append("{\"symbol\":\"")
        bytes.appendEscaped(symbol.utf8)
        bytes.append("\",\"interval\":\"")
        bytes.append(contentsOf: interval.description.utf8)
        bytes.append("\",\"window_start\":")
        bytes.appendInteger(windowStart)
        bytes.append(",\"open\":\"")
        open.append(to: &bytes)
        bytes.append("\",\"high\":\"")
        high.append(to: &bytes)
        bytes.append("\",\"low\":\"")
        low.append(to: &bytes)
        bytes.append("\",\"close\":\"")
        close.append(to: &bytes)
        bytes.append("\",\"volume\":\"")
        volume.append(to: &bytes)
        bytes.append("\",\"quote_volume\":\"")
        quoteVolume.append(to: &bytes)
        bytes.append("\",\"trade_count\":")
        bytes.appendInteger(tradeCount)
        bytes.append(",\"taker_buy_volume\":\"")
        takerBuyVolume.append(to: &bytes)
        bytes.append("\",\"taker_buy_quote_volume\":\"")
        takerBuyQuoteVolume.append(to: &bytes)
        bytes.append("\",\"first_trade_id\":")
        bytes.appendInteger(firstTradeID)
        bytes.append(",\"last_trade_id\":")
        bytes.appendInteger(lastTradeID)
        bytes.append(",\"missing_trades\":")
        if let missingTrades { bytes.appendInteger(missingTrades) } else { bytes.append("null") }
        bytes.append(",\"revision\":")
        bytes.appendInteger(revision)
        bytes.append(isClosed ? ",\"closed\":true" : ",\"closed\":false")
        if let lineage {
            bytes.append(",\"lineage\":")
            bytes.appendInteger(lineage)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var json = JSONReader(bytes)
        try self.init(reading: &json)
        do throws(JSONError) { try json.end() } catch { throw WireError(error, field: nil) }
    }

    /// Reads the candle that comes next in a document.
    @_lifetime(json: copy json)
    init(reading json: inout JSONReader) throws(WireError) {
        var record = try RecordReader(json, of: Field.self)
        var symbol: String?, interval: Interval?, isClosed: Bool?
        var open: Price?, high: Price?, low: Price?, close: Price?
        var volume: Quantity?, takerBuyVolume: Quantity?
        var quoteVolume: QuoteAmount?, takerBuyQuoteVolume: QuoteAmount?
        var windowStart: Int64?, tradeCount: Int64?, firstTradeID: Int64?, lastTradeID: Int64?
        var missingTrades: Int64??, revision: Int64?, lineage: Int64?
        while let field = try record.next() {
            switch field {
            case .symbol: symbol = try record.text()
            case .interval:
                let text = try record.text()
                interval = Interval(text)
                if interval == nil { throw record.bad("'\(text.prefix(16))' is no interval") }
            case .windowStart: windowStart = try record.integer()
            case .open: open = try record.decimal()
            case .high: high = try record.decimal()
            case .low: low = try record.decimal()
            case .close: close = try record.decimal()
            case .volume: volume = try record.decimal()
            case .quoteVolume: quoteVolume = try record.decimal()
            case .tradeCount: tradeCount = try record.integer()
            case .takerBuyVolume: takerBuyVolume = try record.decimal()
            case .takerBuyQuoteVolume: takerBuyQuoteVolume = try record.decimal()
            case .firstTradeID: firstTradeID = try record.integer()
            case .lastTradeID: lastTradeID = try record.integer()
            case .missingTrades: missingTrades = .some(try record.optionalInteger())
            case .revision: revision = try record.integer()
            case .closed: isClosed = try record.bool()
            case .lineage: lineage = try record.optionalInteger()
            }
        }
        self.init(
            symbol: try record.require(symbol, .symbol), interval: try record.require(interval, .interval),
            windowStart: try record.require(windowStart, .windowStart), open: try record.require(open, .open),
            high: try record.require(high, .high), low: try record.require(low, .low),
            close: try record.require(close, .close), volume: try record.require(volume, .volume),
            quoteVolume: try record.require(quoteVolume, .quoteVolume),
            tradeCount: try record.require(tradeCount, .tradeCount),
            takerBuyVolume: try record.require(takerBuyVolume, .takerBuyVolume),
            takerBuyQuoteVolume: try record.require(takerBuyQuoteVolume, .takerBuyQuoteVolume),
            firstTradeID: try record.require(firstTradeID, .firstTradeID),
            lastTradeID: try record.require(lastTradeID, .lastTradeID),
            missingTrades: try record.require(missingTrades, .missingTrades),
            revision: try record.require(revision, .revision), isClosed: try record.require(isClosed, .closed),
            lineage: lineage)
        json = record.json
    }
}
