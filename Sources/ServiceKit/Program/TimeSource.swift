#if canImport(Glibc)
import Glibc
#endif

/// The clocks, passed in: tests have their own.
public struct TimeSource: Sendable {
    private let wall: @Sendable () -> Int64
    private let monotonic: @Sendable () -> Int64

    public init(
        wallMicros: @escaping @Sendable () -> Int64, monotonicMicros: @escaping @Sendable () -> Int64
    ) {
        wall = wallMicros
        monotonic = monotonicMicros
    }

    /// Unix microseconds; may jump.
    public var wallMicros: Int64 { wall() }

    /// Microseconds since some fixed instant; never falls.
    public var monotonicMicros: Int64 { monotonic() }

    /// The machine's clocks.
    public static let system = TimeSource(
        wallMicros: { read(CLOCK_REALTIME) }, monotonicMicros: { read(CLOCK_MONOTONIC) })

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
