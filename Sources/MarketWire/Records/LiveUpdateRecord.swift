import MarketCore

/// What changed of one instrument: Redis channel `live`, see schemas/kafka/live.schema.json.
public struct LiveUpdateRecord: WireRecord {
    /// The instrument's key text.
    public var symbol: String
    /// The price of the trade with the highest id.
    public var price: Price
    public var tradeID: Int64
    /// That trade's own time, unix microseconds.
    public var eventTimeMicros: Int64
    /// The open candles, at most one of an interval.
    public var candles: [CandleRecord]

    public init(symbol: String, price: Price, tradeID: Int64, eventTimeMicros: Int64, candles: [CandleRecord]) {
        self.symbol = symbol
        self.price = price
        self.tradeID = tradeID
        self.eventTimeMicros = eventTimeMicros
        self.candles = candles
    }

    private enum Field: String, RecordField {
        case symbol, price
        case tradeID = "trade_id"
        case eventTimeMicros = "event_time_us"
        case candles
    }

    public func encode(into bytes: inout [UInt8]) {
        bytes.append("{\"symbol\":\"")
        bytes.appendEscaped(symbol.utf8)
        bytes.append("\",\"price\":\"")
        price.append(to: &bytes)
        bytes.append("\",\"trade_id\":")
        bytes.appendInteger(tradeID)
        bytes.append(",\"event_time_us\":")
        bytes.appendInteger(eventTimeMicros)
        bytes.append(",\"candles\":{")
        for (index, candle) in candles.enumerated() {
            bytes.append(index == 0 ? "\"" : ",\"")
            bytes.append(contentsOf: candle.interval.description.utf8)
            bytes.append("\":")
            candle.encode(into: &bytes)
        }
        bytes.append("}}")
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var symbol: String?, price: Price?, tradeID: Int64?, eventTimeMicros: Int64?, candles: [CandleRecord]?
        while let field = try record.next() {
            switch field {
            case .symbol: symbol = try record.text()
            case .price: price = try record.decimal()
            case .tradeID: tradeID = try record.integer()
            case .eventTimeMicros: eventTimeMicros = try record.integer()
            case .candles: candles = try Self.readCandles(&record.json)
            }
        }
        try record.end()
        self.init(
            symbol: try record.require(symbol, .symbol), price: try record.require(price, .price),
            tradeID: try record.require(tradeID, .tradeID),
            eventTimeMicros: try record.require(eventTimeMicros, .eventTimeMicros),
            candles: try record.require(candles, .candles))
    }

    @_lifetime(json: copy json)
    private static func readCandles(_ json: inout JSONReader) throws(WireError) -> [CandleRecord] {
        var candles: [CandleRecord] = []
        do throws(JSONError) { try json.beginObject() } catch { throw WireError(error, field: "candles") }
        while let name = try nextName(&json) {
            // A newer writer may have intervals that this reader does not know.
            guard let interval = Interval(name) else {
                do throws(JSONError) { try json.skipValue() } catch { throw WireError(error, field: "candles") }
                continue
            }
            let candle = try CandleRecord(reading: &json)
            guard candle.interval == interval else {
                throw WireError(.badValue, "candles: under \(interval) stands a candle of \(candle.interval)")
            }
            candles.append(candle)
        }
        return candles
    }

    @_lifetime(json: copy json)
    private static func nextName(_ json: inout JSONReader) throws(WireError) -> String? {
        do throws(JSONError) {
            guard let key = try json.nextKey() else { return nil }
            return try json.keyText(key)
        } catch { throw WireError(error, field: "candles") }
    }
}
