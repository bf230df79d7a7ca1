/// Tells a silent venue from a quiet symbol: a venue is silent when none of its symbols has traded for a while.
struct VenueMonitor: Sendable {
    enum State: String, Sendable {
        /// Nothing heard yet, and not for long enough to worry.
        case starting
        case live
        case silent
    }

    /// What is known of one venue at some instant.
    struct Report: Hashable, Sendable {
        let venue: String
        let state: State
        /// Since a trade of any of its symbols came here; nil before the first.
        let lastTradeAgeMillis: Int64?
    }

    /// How long a venue may be without any trade, in milliseconds.
    let silentAfterMillis: Int64
    private var watchedSinceMicros: [String: Int64] = [:]
    private var lastTradeMicros: [String: Int64] = [:]

    init(silentAfterMillis: Int64) { self.silentAfterMillis = silentAfterMillis }

    /// Begins to expect trades of a venue. Times are the monotonic clock's.
    mutating func watch(_ venue: String, atMicros now: Int64) {
        if watchedSinceMicros[venue] == nil { watchedSinceMicros[venue] = now }
    }

    /// Notes a new trade of any symbol of the venue.
    mutating func noteTrade(of venue: String, atMicros now: Int64) {
        watch(venue, atMicros: now)
        lastTradeMicros[venue] = now
    }

    /// Starts to wait anew: while the API heard nothing it could not know whether the venues were silent.
    mutating func restart(atMicros now: Int64) {
        for venue in watchedSinceMicros.keys { watchedSinceMicros[venue] = now }
    }

    /// Every venue, by name.
    func reports(atMicros now: Int64) -> [Report] {
        watchedSinceMicros.sorted { $0.key < $1.key }.map { venue, since in
            let last = lastTradeMicros[venue]
            let age = last.map { max(0, now - $0) / 1_000 }
            let waited = max(0, now - max(since, last ?? since)) / 1_000
            let state: State =
                if waited >= silentAfterMillis { .silent } else if let last, last >= since { .live } else { .starting }
            return Report(venue: venue, state: state, lastTradeAgeMillis: age)
        }
    }
}
