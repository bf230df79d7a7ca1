/// How a pool behaves.
public struct PostgresPoolOptions: Sendable {
    /// The most connections, 1 or more. One is always kept; others are made on demand and stay.
    public var size = 4
    /// The most callers that wait for a connection; the next one gets ``PostgresError/Kind/busy`` at once.
    public var maxWaiters = 256
    /// How long a caller waits for a connection before it gets ``PostgresError/Kind/timedOut``.
    public var acquireTimeoutMillis = 5_000
    /// The pauses between attempts to connect.
    public var backoff = PostgresBackoff()
    /// What timeouts and pauses are measured with.
    public var clock: any Clock<Duration> & Sendable = ContinuousClock()
    /// Picks a number of a range, for the jitter of the pauses.
    public var random: @Sendable (ClosedRange<Int>) -> Int = { Int.random(in: $0) }

    public init() {}
}

/// Pauses that double from one failure to the next, each shortened by chance so that many clients do not come back at
/// once.
public struct PostgresBackoff: Sendable, Hashable {
    /// Before the second attempt.
    public var firstMillis: Int
    /// The longest.
    public var maxMillis: Int

    public init(firstMillis: Int = 100, maxMillis: Int = 10_000) {
        self.firstMillis = firstMillis
        self.maxMillis = maxMillis
    }

    /// The pause after a number of failures in a row: between a half and the whole of its doubled length.
    ///
    /// - Parameters:
    ///   - failures: 1 or more.
    ///   - random: Picks a number of a range.
    func pauseMillis(afterFailures failures: Int, _ random: (ClosedRange<Int>) -> Int) -> Int {
        let first = max(1, firstMillis)
        let doublings = min(max(0, failures - 1), 30)
        let (doubled, overflow) = first.multipliedReportingOverflow(by: 1 << doublings)
        let whole = max(1, overflow ? maxMillis : min(doubled, maxMillis))
        return random(whole / 2...whole)
    }
}

/// How a pool stands with its server.
public enum PostgresHealth: Sendable {
    /// The first connection, or the first one after a loss, is being made.
    case starting
    /// There is a connection.
    case ok
    /// The last attempt to connect failed; the next follows by itself.
    case failed(PostgresError)
}
