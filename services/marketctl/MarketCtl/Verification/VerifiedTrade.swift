import MarketCore

/// A trade as verification keeps it, or an aggregate of consecutive ones.
struct VerifiedTrade: Sendable {
    /// Counts the times the venue began its numbering anew, from where the source begins.
    var generation: Int32
    var isBuy: Bool
    var firstID: Int64
    var lastID: Int64
    /// Times 10^8.
    var price: Int64
    /// Times 10^8.
    var quantity: Int128
    var timeMicros: Int64
    /// Where it lies in the source: of two records of one trade the earlier counts.
    var position: Int64

    init(_ trade: Trade, generation: Int32, position: Int64) {
        self.generation = generation
        self.position = position
        isBuy = trade.takerSide == .buy
        firstID = trade.firstTradeID
        lastID = trade.tradeID
        price = trade.price.raw
        quantity = trade.quantity.raw
        timeMicros = trade.eventTimeMicros
    }

    /// The venue's own order; what overlaps, by position.
    static func isBefore(_ a: VerifiedTrade, _ b: VerifiedTrade) -> Bool {
        (a.generation, a.firstID, a.position) < (b.generation, b.firstID, b.position)
    }
}
