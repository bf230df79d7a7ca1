/// What one WebSocket client may take.
struct FeedLimits: Sendable {
    /// Prices and candle streams that a client follows.
    var subscriptionsPerClient = 5_000
    /// Closed candles that wait for a slow client before they are dropped with a `gap`.
    var closedCandlesPerClient = 512
    /// Replies that wait for a client that asks and does not read.
    var repliesPerClient = 64
    /// `/ws/price` sends a symbol at most this often.
    var priceEveryMillis: Int64 = 250
}
