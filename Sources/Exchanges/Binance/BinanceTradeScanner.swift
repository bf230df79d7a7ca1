import MarketCore
import MarketWire

/// The fast reader: a trade or an aggregate exactly as Binance writes it, raw or combined, any digits, and nothing
/// else. The rest is for ``BinanceDecoder`` to judge.
struct BinanceTradeScanner: ~Escapable {
    private var shape: ShapeScanner
    private(set) var isAggregate = false
    /// Where the symbol's bytes are.
    private(set) var symbol = 0..<0
    /// Of an aggregate, its own number.
    private(set) var aggregateID: Int64 = 0
    private(set) var firstID: Int64 = 0
    private(set) var lastID: Int64 = 0
    private(set) var price: Int64 = 0
    private(set) var quantity: Int64 = 0
    /// `T` as it stands there.
    private(set) var time: Int64 = 0
    private(set) var isBuyerMaker = false

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { shape = ShapeScanner(bytes) }

    /// Reads the whole message.
    ///
    /// - Returns: false where it is not of the one shape, or its numbers are not a trade's.
    @_lifetime(self: copy self)
    mutating func scan() -> Bool {
        let isCombined = shape.skip("{\"stream\":\"")
        if isCombined {
            guard shape.skipPlainText(), shape.skip("\",\"data\":") else { return false }
        }
        guard shape.skip("{\"e\":\"") else { return false }
        if shape.skip("trade\",\"E\":") {
            guard head(idName: ",\"t\":"), money() else { return false }
            firstID = aggregateID
            lastID = aggregateID
        } else {
            isAggregate = true
            guard shape.skip("aggTrade\",\"E\":"), head(idName: ",\"a\":"), money(),
                shape.skip(",\"f\":"), let first = shape.integer(), shape.skip(",\"l\":"), let last = shape.integer()
            else { return false }
            firstID = first
            lastID = last
        }
        guard shape.skip(",\"T\":"), let time = shape.integer(),
            shape.skip(",\"m\":"), let isBuyerMaker = shape.bool(),
            shape.skip(",\"M\":"), shape.bool() != nil, shape.skip("}"), !isCombined || shape.skip("}"), shape.isAtEnd
        else { return false }
        self.time = time
        self.isBuyerMaker = isBuyerMaker
        return price > 0 && firstID <= lastID
    }

    /// From the message's time to the number.
    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func head(idName: StaticString) -> Bool {
        guard shape.integer() != nil, shape.skip(",\"s\":\""), let symbol = shape.name(), shape.skip("\""),
            shape.skip(idName), let id = shape.integer()
        else { return false }
        self.symbol = symbol
        aggregateID = id
        return true
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func money() -> Bool {
        guard shape.skip(",\"p\":\""), let price = shape.money(), shape.skip("\",\"q\":\""),
            let quantity = shape.money(), shape.skip("\"")
        else { return false }
        self.price = price
        self.quantity = quantity
        return true
    }
}

/// The instruments of Binance that are followed, found by a symbol's bytes.
final class FollowedSymbols: Sendable {
    private let table: InstrumentTable

    init(_ instruments: [Instrument]) {
        var table = InstrumentTable(limit: max(1, instruments.count))
        // None is refused: there is room for all, and an instrument's own key is canonical.
        for instrument in instruments where instrument.venue == Instrument.defaultVenue {
            _ = try? table.index(ofKey: instrument.key)
        }
        self.table = table
    }

    /// - Returns: nil where it is not followed.
    func instrument(of symbol: RawSpan) -> Instrument? {
        table.knownIndex(ofKey: symbol).map { table.instruments[Int($0)] }
    }
}
