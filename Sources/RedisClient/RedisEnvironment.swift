#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Time and randomness, passed in so that a test can choose them.
public struct RedisEnvironment: Sendable {
    /// Milliseconds of a clock that never goes back; from any start, not negative.
    public let monotonicMillis: @Sendable () -> Int64
    /// Evenly spread in 0..<1, for the jitter between two attempts to connect.
    public let random: @Sendable () -> Double

    public init(
        monotonicMillis: @escaping @Sendable () -> Int64, random: @escaping @Sendable () -> Double
    ) {
        self.monotonicMillis = monotonicMillis
        self.random = random
    }

    /// The machine's monotonic clock and random numbers.
    public static let system = RedisEnvironment(
        monotonicMillis: {
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
        },
        random: { Double.random(in: 0..<1) })
}

extension Int64 {
    /// The sum, at the end of the range where it would overflow: a deadline that never comes.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
