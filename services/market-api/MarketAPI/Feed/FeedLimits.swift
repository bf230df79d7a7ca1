/// What one client of `/feed`, `/events` or `/ws/price` may take.
struct FeedLimits: Sendable {
    /// Prices, candles of an interval and trades that a client follows.
    var subscriptionsPerClient = 5_000
    /// The same of `/events`, where each of them stands in the address and in every `id`.
    var subscriptionsPerEventClient = 256
    /// What waits for a slow client.
    var mailbox = Mailbox.Limits()
    /// `/ws/price` sends a symbol at most this often.
    var priceEveryMillis: Int64 = 250
    /// `/events` sends a comment when nothing else was sent for so long.
    var keepAliveMillis: Int64 = 15_000
}
