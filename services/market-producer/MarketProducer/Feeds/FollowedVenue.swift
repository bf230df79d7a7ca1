import Exchanges
import MarketCore

/// A venue, its connections' states, and what fetches what they missed.
struct FollowedVenue: Sendable {
    let feed: any VenueFeed
    let statuses = FeedStatuses()
    /// Nil where the venue gives no past trades.
    let backfiller: Backfiller?
    /// Tells when other instruments are followed.
    let changed = ChangeSignal()

    /// Follows these from now on, and no others.
    ///
    /// - Returns: those that the venue has no room for.
    func follow(_ instruments: [Instrument]) -> [Instrument] {
        let refused = feed.lines.follow(instruments)
        backfiller?.follow(instruments.dropLast(refused.count))
        changed.tell()
        return refused
    }

    var instruments: [Instrument] { feed.lines.connections.flatMap(\.instruments) }
}
