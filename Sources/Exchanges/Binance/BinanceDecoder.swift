public import MarketCore
import MarketWire

/// What a message of a market stream says.
public enum BinanceEvent: Hashable, Sendable {
    case trade(Trade)
    /// The answer to a request of ours; an error's words, nil where it was granted.
    case reply(id: Int64?, error: String?)
    /// The server will end this connection in some minutes.
    case serverShutdown
    /// Nothing for us: another event, or an instrument that is not followed.
    case other
}

/// Why a message could not be used.
public struct BinanceMessageError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case malformed
        case missingField = "missing_field"
        case badValue = "bad_value"
    }

    public let reason: Reason
    public let detail: String

    init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    public var description: String { detail }
}

/// Reads messages of Binance's market streams, raw or combined, straight from their bytes.
public struct BinanceDecoder: Sendable {
    private let followed: FollowedSymbols

    /// - Parameter instruments: those that are followed; trades of others are `.other`.
    public init(_ instruments: [Instrument]) {
        followed = FollowedSymbols(instruments)
    }

    /// - Parameters:
    ///   - bytes: one whole message.
    ///   - receivedTimeMicros: when it was read, unix microseconds.
    public func decode(
        _ bytes: RawSpan, receivedTimeMicros: Int64
    ) throws(BinanceMessageError) -> BinanceEvent {
        if let trade = decodeUsual(bytes, receivedTimeMicros: receivedTimeMicros) { return .trade(trade) }
        return try decodeGeneral(bytes, receivedTimeMicros: receivedTimeMicros)
    }

    /// A followed instrument's trade exactly as the exchange writes it.
    ///
    /// - Returns: nil where the message is for ``decodeGeneral(_:receivedTimeMicros:)`` to judge.
    func decodeUsual(_ bytes: RawSpan, receivedTimeMicros: Int64) -> Trade? {
        var scanner = BinanceTradeScanner(bytes)
        guard scanner.scan(), let instrument = followed.instrument(of: bytes.extracting(scanner.symbol)),
            let micros = BinanceTime.micros(scanner.time)
        else { return nil }
        return Trade(
            instrument: instrument, tradeID: scanner.lastID, price: Price(raw: scanner.price),
            quantity: Quantity(raw: Int128(scanner.quantity)), takerSide: scanner.isBuyerMaker ? .sell : .buy,
            eventTimeMicros: micros, receivedTimeMicros: receivedTimeMicros,
            tradeCount: scanner.lastID - scanner.firstID + 1,
            aggregateID: scanner.isAggregate ? scanner.aggregateID : nil)
    }

    /// Fields in any order, any spacing, and whatever else the streams say.
    func decodeGeneral(
        _ bytes: RawSpan, receivedTimeMicros: Int64
    ) throws(BinanceMessageError) -> BinanceEvent {
        var fields = Fields()
        do throws(JSONError) {
            var reader = JSONReader(bytes)
            try Self.readObject(&reader, into: &fields, isOutermost: true)
            try reader.end()
        } catch {
            throw BinanceMessageError(.malformed, error.description)
        }
        switch fields.event {
        case "trade": return try trade(fields, isAggregate: false, receivedTimeMicros)
        case "aggTrade": return try trade(fields, isAggregate: true, receivedTimeMicros)
        case "serverShutdown": return .serverShutdown
        case nil where fields.isReply: return .reply(id: fields.replyID, error: fields.error)
        default: return .other
        }
    }

    private struct Fields {
        var event: String?
        /// Of other events the same letters mean other things.
        var isOther: Bool { event.map { $0 != "trade" && $0 != "aggTrade" } ?? false }
        var symbol: String?
        var tradeID: Int64?
        var aggregateID: Int64?
        var firstID: Int64?
        var lastID: Int64?
        var price: Price?
        var quantity: Quantity?
        var time: Int64?
        var isBuyerMaker: Bool?
        var isReply = false
        var replyID: Int64?
        var error: String?
    }

    /// Names of one letter mean the same in both kinds of trade, except `a` (a trade's seller order, an aggregate's
    /// id).
    @_lifetime(reader: copy reader)
    private static func readObject(
        _ reader: inout JSONReader, into fields: inout Fields, isOutermost: Bool
    ) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if !fields.isOther, let letter = reader.keyLetter(key) {
                try readField(&reader, letter, into: &fields)
            } else if isOutermost, reader.keyEquals(key, "data"), try reader.peek() == .object {
                try readObject(&reader, into: &fields, isOutermost: false)
            } else if isOutermost, reader.keyEquals(key, "result") {
                fields.isReply = true
                try reader.skipValue()
            } else if isOutermost, reader.keyEquals(key, "error") {
                fields.isReply = true
                fields.error = try JSONText.of(&reader)
            } else if isOutermost, reader.keyEquals(key, "msg") {
                fields.isReply = true
                fields.error = try JSONText.of(&reader)
            } else if isOutermost, reader.keyEquals(key, "id"), try reader.peek() == .number {
                fields.replyID = try reader.integer()
            } else {
                try reader.skipValue()
            }
        }
    }

    @_lifetime(reader: copy reader)
    private static func readField(
        _ reader: inout JSONReader, _ letter: UInt8, into fields: inout Fields
    ) throws(JSONError) {
        switch letter {
        case UInt8(ascii: "e"): fields.event = try reader.string()
        case UInt8(ascii: "s"): fields.symbol = try reader.string()
        case UInt8(ascii: "t"): fields.tradeID = try reader.integer()
        case UInt8(ascii: "a"):
            guard try reader.peek() == .number else { return try reader.skipValue() }
            fields.aggregateID = try reader.integer()
        case UInt8(ascii: "p"): fields.price = try reader.decimal(Price.self)
        case UInt8(ascii: "q"): fields.quantity = try reader.decimal(Quantity.self)
        case UInt8(ascii: "f"): fields.firstID = try reader.integer()
        case UInt8(ascii: "l"): fields.lastID = try reader.integer()
        case UInt8(ascii: "T"): fields.time = try reader.integer()
        case UInt8(ascii: "m"): fields.isBuyerMaker = try reader.bool()
        default: try reader.skipValue()
        }
    }

    private func trade(
        _ fields: Fields, isAggregate: Bool, _ receivedTimeMicros: Int64
    ) throws(BinanceMessageError) -> BinanceEvent {
        let symbol = Array(try Self.require(fields.symbol, "s").utf8)
        guard let instrument = followed.instrument(of: symbol.span.bytes) else { return .other }
        let id = isAggregate ? try Self.require(fields.lastID, "l") : try Self.require(fields.tradeID, "t")
        var count: Int64 = 1
        if isAggregate {
            let first = try Self.require(fields.firstID, "f")
            // As many trades as 64 bits can number are no aggregate: their count would not fit.
            guard first >= 0, first <= id, id - first < .max else {
                throw BinanceMessageError(.badValue, "f \(first) and l \(id) are no range of ids")
            }
            count = id - first + 1
        }
        guard id >= 0 else { throw BinanceMessageError(.badValue, "the id \(id) is negative") }
        let time = try Self.require(fields.time, "T")
        guard let micros = BinanceTime.micros(time) else {
            throw BinanceMessageError(.badValue, "T \(time) is no time")
        }
        let price = try Self.require(fields.price, "p")
        let quantity = try Self.require(fields.quantity, "q")
        guard price.raw > 0 else { throw BinanceMessageError(.badValue, "the price \(price) is not above 0") }
        guard quantity >= .zero else { throw BinanceMessageError(.badValue, "the quantity \(quantity) is negative") }
        return .trade(
            Trade(
                instrument: instrument, tradeID: id, price: price, quantity: quantity,
                takerSide: try Self.require(fields.isBuyerMaker, "m") ? .sell : .buy, eventTimeMicros: micros,
                receivedTimeMicros: receivedTimeMicros, tradeCount: count,
                aggregateID: isAggregate ? try Self.require(fields.aggregateID, "a") : nil))
    }

    private static func require<Value>(_ value: Value?, _ name: String) throws(BinanceMessageError) -> Value {
        guard let value else { throw BinanceMessageError(.missingField, "the field '\(name)' is missing") }
        return value
    }
}

/// A value of any kind as words for people.
private enum JSONText {
    @_lifetime(reader: copy reader)
    static func of(_ reader: inout JSONReader) throws(JSONError) -> String {
        switch try reader.value() {
        case .string(let text): text
        case let value: value["msg"]?.text ?? "\(value)"
        }
    }
}
