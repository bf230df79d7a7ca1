/// The pauses between attempts: doubling, with full jitter, so that many clients do not come back at once
/// (M. Brooker, "Exponential Backoff And Jitter", 2015).
public struct Backoff: Sendable {
    private let first: Duration
    private let longest: Duration
    private let random: @Sendable () -> Double
    private var attempt = 0

    /// - Parameters:
    ///   - first: upper bound of the first pause.
    ///   - longest: upper bound of any pause.
    ///   - random: uniform in 0..<1.
    public init(first: Duration, longest: Duration, random: @escaping @Sendable () -> Double) {
        self.first = first
        self.longest = longest
        self.random = random
    }

    /// The next pause.
    public mutating func next() -> Duration {
        let ceiling = min(longest, first * (1 << min(attempt, 20)))
        attempt += 1
        return ceiling * random()
    }

    /// After a success the next failure begins anew.
    public mutating func reset() { attempt = 0 }
}
