import Exchanges

/// A venue, its connections' states, and what fetches what they missed.
struct FollowedVenue: Sendable {
    let feed: any VenueFeed
    let statuses: FeedStatuses
    /// Nil where the venue gives no past trades.
    let backfiller: Backfiller?
}
