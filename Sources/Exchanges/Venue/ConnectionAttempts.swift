import Synchronization

/// How many attempts to connect a venue allows in which time.
public struct AttemptLimit: Hashable, Sendable {
    /// One at least.
    public let count: Int
    public let span: Duration

    public init(count: Int, span: Duration) {
        self.count = max(1, count)
        self.span = span
    }
}

/// Attempts to connect over a time that slides. No clock inside.
struct AttemptWindow {
    private let limit: AttemptLimit
    /// When the last ones were made, or are to be made, oldest first: as many as are allowed at most.
    private var times: [Duration] = []

    init(_ limit: AttemptLimit) { self.limit = limit }

    /// Books an attempt.
    ///
    /// - Parameter now: of a clock that never falls.
    /// - Returns: how long it has to wait.
    mutating func book(at now: Duration) -> Duration {
        let time = times.count < limit.count ? now : max(now, times.removeFirst() + limit.span)
        times.append(time)
        return time - now
    }
}

/// The attempts of all connections to one venue.
final class ConnectionAttempts: Sendable {
    private let window: Mutex<AttemptWindow>
    private let begin = ContinuousClock.now

    init(_ limit: AttemptLimit) { window = Mutex(AttemptWindow(limit)) }

    /// Books one, now.
    ///
    /// - Returns: how long it has to wait.
    func book() -> Duration { window.withLock { $0.book(at: .now - begin) } }
}
