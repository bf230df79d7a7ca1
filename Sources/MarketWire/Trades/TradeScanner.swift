import MarketCore

/// The fast parser: exactly what ``TradeRecord/encode(_:into:)`` writes, any digits, and nothing else.
///
/// Whatever looks only a little different is for the general parser to judge, so this one never says why it gave up.
struct TradeScanner: ~Escapable {
    private var shape: ShapeScanner
    /// Where the venue's and the symbol's bytes are.
    private(set) var venue = 0..<0
    private(set) var symbol = 0..<0
    private(set) var tradeID: Int64 = 0
    private(set) var price: Int64 = 0
    private(set) var quantity: Int64 = 0
    private(set) var takerSide = TakerSide.buy
    private(set) var eventTimeMicros: Int64 = 0
    private(set) var receivedTimeMicros: Int64 = 0
    private(set) var tradeCount: Int64 = 1
    private(set) var aggregateID: Int64?

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { shape = ShapeScanner(bytes) }

    /// Reads the whole record.
    ///
    /// - Returns: false where it is not of the one shape, or its numbers are not a trade's.
    @_lifetime(self: copy self)
    mutating func scan() -> Bool {
        guard shape.skip("{\"venue\":\""), let venue = shape.name(), shape.skip("\",\"symbol\":\""),
            let symbol = shape.name(),
            shape.skip("\",\"trade_id\":"), let tradeID = shape.integer(),
            shape.skip(",\"price\":\""), let price = shape.money(), shape.skip("\",\"quantity\":\""),
            let quantity = shape.money(),
            shape.skip("\",\"taker_side\":\""), let takerSide = side(),
            shape.skip("\",\"event_time_us\":"), let eventTimeMicros = shape.integer(),
            shape.skip(",\"received_time_us\":"), let receivedTimeMicros = shape.integer()
        else { return false }
        if shape.byte != UInt8(ascii: "}"), shape.skip(",\"trade_count\":") {
            guard let count = shape.integer() else { return false }
            tradeCount = count
        }
        if shape.byte != UInt8(ascii: "}"), shape.skip(",\"aggregate_id\":") {
            guard let aggregate = shape.integer() else { return false }
            aggregateID = aggregate
        }
        guard shape.skip("}"), shape.isAtEnd else { return false }
        self.venue = venue
        self.symbol = symbol
        self.tradeID = tradeID
        self.price = price
        self.quantity = quantity
        self.takerSide = takerSide
        self.eventTimeMicros = eventTimeMicros
        self.receivedTimeMicros = receivedTimeMicros
        return TradeBounds.tradeCounts.contains(tradeCount) && tradeID >= tradeCount - 1
            && (price > 0 || price == 0 && quantity == 0) && TradeBounds.timesMicros.contains(eventTimeMicros)
            && TradeBounds.timesMicros.contains(receivedTimeMicros)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func side() -> TakerSide? {
        if shape.skip("buy") { return .buy }
        return shape.skip("sell") ? .sell : nil
    }
}
