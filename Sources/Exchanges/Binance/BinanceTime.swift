/// Binance's times: unix milliseconds, or microseconds where the client asked for them (and in its public files since
/// 2025).
public enum BinanceTime {
    /// Unix microseconds of either; nil of a negative time or one out of range.
    @inlinable
    public static func micros(_ time: Int64) -> Int64? {
        // 10^14: as milliseconds the year 5138, as microseconds 1973.
        if time >= 100_000_000_000_000 { return time }
        return time >= 0 ? time * 1_000 : nil
    }
}

/// The unit in which a client wants its times.
public enum BinanceTimeUnit: Sendable, Hashable {
    case millisecond
    case microsecond

    /// A time of this unit.
    @inlinable
    public func time(ofMicros micros: Int64) -> Int64 { self == .microsecond ? micros : micros / 1_000 }
}
