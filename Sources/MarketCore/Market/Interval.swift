/// The length of a candle. Windows are aligned to the UNIX epoch in UTC: `[start, start + length)`.
public enum Interval: UInt8, CaseIterable, Hashable, Sendable, Comparable, LosslessStringConvertible {
    case tenSeconds
    case oneMinute
    case fiveMinutes
    case fifteenMinutes
    case oneHour
    case fourHours
    case oneDay

    /// The base interval: the one every other can be rolled up from.
    public static let base = Interval.tenSeconds

    /// Length in seconds.
    public var seconds: Int64 {
        switch self {
        case .tenSeconds: 10
        case .oneMinute: 60
        case .fiveMinutes: 300
        case .fifteenMinutes: 900
        case .oneHour: 3_600
        case .fourHours: 14_400
        case .oneDay: 86_400
        }
    }

    /// Length in microseconds.
    @inlinable public var microseconds: Int64 { seconds * 1_000_000 }

    /// The name that users type: `10s`, `1m`, `5m`, `15m`, `1h`, `4h`, `1d`.
    public var description: String {
        switch self {
        case .tenSeconds: "10s"
        case .oneMinute: "1m"
        case .fiveMinutes: "5m"
        case .fifteenMinutes: "15m"
        case .oneHour: "1h"
        case .fourHours: "4h"
        case .oneDay: "1d"
        }
    }

    public init?(_ description: String) {
        guard let interval = Self.allCases.first(where: { $0.description == description }) else { return nil }
        self = interval
    }

    /// The start, in unix seconds, of the window that holds an instant.
    ///
    /// - Parameter timeMicros: unix microseconds, negative before 1970.
    public func windowStart(ofTimeMicros timeMicros: Int64) -> Int64 {
        let length = microseconds
        var index = timeMicros / length
        if timeMicros < 0, timeMicros % length != 0 { index -= 1 }
        return index * seconds
    }

    public static func < (left: Interval, right: Interval) -> Bool { left.rawValue < right.rawValue }
}
