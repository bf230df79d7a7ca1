import MarketCore

/// The general parser: any spacing, any order, escapes, money as text or as a number, unknown fields.
extension TradeRecord {
    private enum Field: String, RecordField {
        case venue, symbol
        case tradeID = "trade_id"
        case price, quantity
        case takerSide = "taker_side"
        case eventTimeMicros = "event_time_us"
        case receivedTimeMicros = "received_time_us"
        case tradeCount = "trade_count"
        case aggregateID = "aggregate_id"
        case unavailable, reason, reopen
        case newGeneration = "new_generation"
    }

    /// All that a record may hold, before it is known what kind it is.
    private struct Contents {
        var venue: String?
        var symbol: String?
        var tradeID: Int64?
        var price: Price?
        var quantity: Quantity?
        var takerSide: TakerSide?
        var eventTimeMicros: Int64?
        var receivedTimeMicros: Int64?
        var tradeCount: Int64?
        var aggregateID: Int64?
        var unavailable: ClosedRange<Int64>?
        var reason: String?
        var reopen: ClosedRange<Int64>?
        var newGeneration: Bool?
    }

    /// Reads any record of the topic.
    ///
    /// - Throws: ``WireError``; bytes that are not UTF-8 are `not_utf8` wherever they are.
    public static func decode(_ bytes: RawSpan) throws(WireError) -> TradeRecordValue {
        guard bytes.byteCount <= maxBytes else {
            throw WireError(.tooLarge, "\(bytes.byteCount) bytes, where \(maxBytes) are the most")
        }
        do throws(WireError) {
            return try value(try contents(bytes))
        } catch {
            if !UTF8Text.isValid(bytes) { throw WireError(.notUTF8, "the record is not UTF-8") }
            throw error
        }
    }

    public static func decode(_ bytes: [UInt8]) throws(WireError) -> TradeRecordValue { try decode(bytes.span.bytes) }

    private static func contents(_ bytes: RawSpan) throws(WireError) -> Contents {
        var record = try RecordReader(bytes, of: Field.self)
        var contents = Contents()
        while let field = try record.next() {
            switch field {
            case .venue: contents.venue = try record.text()
            case .symbol: contents.symbol = try record.text()
            case .tradeID: contents.tradeID = try record.integer()
            case .price: contents.price = try record.decimal()
            case .quantity: contents.quantity = try record.decimal()
            case .takerSide:
                switch try record.text() {
                case "buy": contents.takerSide = .buy
                case "sell": contents.takerSide = .sell
                case let text: throw record.bad("'\(text.prefix(16))' is neither buy nor sell")
                }
            case .eventTimeMicros: contents.eventTimeMicros = try record.integer()
            case .receivedTimeMicros: contents.receivedTimeMicros = try record.integer()
            case .tradeCount: contents.tradeCount = try record.optionalInteger()
            case .aggregateID: contents.aggregateID = try record.optionalInteger()
            case .unavailable: contents.unavailable = try record.range()
            case .reason: contents.reason = try record.text()
            case .reopen: contents.reopen = try record.range()
            case .newGeneration: contents.newGeneration = try record.bool()
            }
        }
        try record.end()
        return contents
    }

    private static func value(_ contents: Contents) throws(WireError) -> TradeRecordValue {
        let instrument = try instrument(contents)
        let kinds = [
            contents.tradeID != nil, contents.unavailable != nil, contents.reopen != nil, contents.newGeneration != nil,
        ]
        guard kinds.count(where: { $0 }) <= 1 else {
            throw WireError(.badValue, "only one of trade_id, unavailable, reopen and new_generation may be there")
        }
        if let ids = contents.unavailable {
            try requirePlausible(ids)
            let reason = try require(contents.reason, .reason)
            return .unavailable(UnavailableTrades(instrument: instrument, tradeIDs: ids, reason: reason))
        }
        if let ids = contents.reopen {
            try requirePlausible(ids)
            return .reopen(instrument, ids)
        }
        if let isNew = contents.newGeneration {
            guard isNew else { throw WireError(.badValue, "new_generation: only true means anything") }
            return .newGeneration(instrument)
        }
        let trade = Trade(
            instrument: instrument, tradeID: try require(contents.tradeID, .tradeID),
            price: try require(contents.price, .price), quantity: try require(contents.quantity, .quantity),
            takerSide: try require(contents.takerSide, .takerSide),
            eventTimeMicros: try require(contents.eventTimeMicros, .eventTimeMicros),
            receivedTimeMicros: try require(contents.receivedTimeMicros, .receivedTimeMicros),
            tradeCount: contents.tradeCount ?? 1, aggregateID: contents.aggregateID)
        if let problem = TradeBounds.problem(of: trade) { throw WireError(.implausible, problem) }
        return .trade(trade)
    }

    /// The record's instrument; another spelling of it than the canonical one would be another market.
    private static func instrument(_ contents: Contents) throws(WireError) -> Instrument {
        let venue = try require(contents.venue, .venue)
        let symbol = try require(contents.symbol, .symbol)
        let instrument: Instrument
        do throws(InstrumentError) {
            instrument = try Instrument(venue: venue, symbol: symbol)
        } catch {
            throw WireError(.badValue, error.description)
        }
        guard instrument.venue.utf8.elementsEqual(venue.utf8), instrument.symbol.utf8.elementsEqual(symbol.utf8) else {
            throw WireError(.badValue, "venue in lower case and symbol in upper case are expected")
        }
        return instrument
    }

    private static func requirePlausible(_ ids: ClosedRange<Int64>) throws(WireError) {
        guard ids.lowerBound >= 0 else {
            throw WireError(.implausible, "trade ids \(ids.lowerBound) to \(ids.upperBound)")
        }
    }

    private static func require<Value>(_ value: Value?, _ field: Field) throws(WireError) -> Value {
        guard let value else { throw WireError(.missingField, field.rawValue) }
        return value
    }
}

/// Which numbers a trade can have.
enum TradeBounds {
    /// Trades that one record may stand for.
    static let tradeCounts: ClosedRange<Int64> = 1...1_000_000
    /// 1970 up to, not including, 2200, in unix microseconds.
    static let timesMicros: Range<Int64> = 0..<7_258_118_400_000_000

    /// What is wrong with the numbers of a trade, or nil.
    static func problem(of trade: Trade) -> String? {
        guard tradeCounts.contains(trade.tradeCount) else {
            return "trade_count \(trade.tradeCount): 1 to \(tradeCounts.upperBound) are possible"
        }
        guard trade.tradeID >= trade.tradeCount - 1 else { return "trade_id \(trade.tradeID): ids begin at 0" }
        guard (trade.aggregateID ?? 0) >= 0 else { return "aggregate_id is below 0" }
        guard isPossible(trade.price, trade.quantity) else { return "\(trade.quantity) at \(trade.price)" }
        guard timesMicros.contains(trade.eventTimeMicros) else { return "event_time_us \(trade.eventTimeMicros)" }
        guard timesMicros.contains(trade.receivedTimeMicros) else {
            return "received_time_us \(trade.receivedTimeMicros)"
        }
        return nil
    }

    /// Nothing is sold for nothing, unless it is nothing.
    @inline(__always)
    static func isPossible(_ price: Price, _ quantity: Quantity) -> Bool {
        quantity.raw >= 0 && (price.raw > 0 || price.raw == 0 && quantity.raw == 0)
    }
}
