import MarketCore

/// The latest price of an instrument.
struct Quote: Hashable, Sendable {
    var price: Price
    var tradeID: Int64
    /// The trade's own time, unix microseconds.
    var eventTimeMicros: Int64

    /// Whether this is no older than another. Times may be equal, and ids may start again.
    func isAtLeastAsNew(as other: Quote) -> Bool {
        (eventTimeMicros, tradeID) >= (other.eventTimeMicros, other.tradeID)
    }
}
