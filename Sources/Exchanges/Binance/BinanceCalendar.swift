import MarketCore

/// Where the windows of Binance's candles begin and end: aligned to midnight, weeks to Monday, months to their first
/// day.
public struct BinanceCalendar: Hashable, Sendable {
    public let interval: BinanceInterval
    /// How far midnight here is ahead of midnight UTC, in seconds (Binance's `timeZone`).
    public let offsetSeconds: Int64

    public init(_ interval: BinanceInterval, offsetSeconds: Int64 = 0) {
        self.interval = interval
        self.offsetSeconds = offsetSeconds
    }

    private static let daySeconds: Int64 = 86_400
    private static let daysOfLongestMonth: Int64 = 31

    /// 1 January 1970 was a Thursday.
    private var weekdaySeconds: Int64 { interval == .oneWeek ? 4 * Self.daySeconds : 0 }

    /// The start of the window that holds an instant; both in unix seconds.
    public func windowStart(ofSeconds time: Int64) -> Int64 {
        let local = time + offsetSeconds
        guard let length = interval.seconds else {
            let first = Self.month(ofDay: Self.floor(local, Self.daySeconds))
            return first.daysSince1970 * Self.daySeconds - offsetSeconds
        }
        return Self.floor(local - weekdaySeconds, length) * length + weekdaySeconds - offsetSeconds
    }

    /// The start of the window behind the one that starts here; both in unix seconds.
    public func windowEnd(ofStart start: Int64) -> Int64 {
        guard let length = interval.seconds else {
            let first = Self.month(ofDay: Self.floor(start + offsetSeconds, Self.daySeconds))
            let days = CivilDate.days(inMonth: first.month, of: first.year)
            return (first.daysSince1970 + days) * Self.daySeconds - offsetSeconds
        }
        return start + length
    }

    /// The start of the window before the one that starts here.
    public func windowStart(before start: Int64) -> Int64 { windowStart(ofSeconds: start - 1) }

    /// The length of the longest window, in seconds.
    public var longestSeconds: Int64 { interval.seconds ?? Self.daysOfLongestMonth * Self.daySeconds }

    /// Whether every window is made of whole ones of another length, aligned to the UNIX epoch.
    public func isMade(ofWindowsOf seconds: Int64) -> Bool {
        (interval.seconds ?? Self.daySeconds).isMultiple(of: seconds)
            && (weekdaySeconds - offsetSeconds).isMultiple(of: seconds)
    }

    private static func floor(_ value: Int64, _ length: Int64) -> Int64 {
        let quotient = value / length
        return value % length < 0 ? quotient - 1 : quotient
    }

    /// The first day of the month that holds a day; both counted from 1970-01-01.
    private static func month(ofDay day: Int64) -> CivilDate {
        let date = CivilDate(daysSince1970: day)
        return CivilDate(year: date.year, month: date.month, day: 1)
    }
}

extension BinanceCalendar {
    /// The offset that Binance's `timeZone` names, in seconds: hours with or without minutes, `-1:00`, `05:45`, `8`,
    /// from -12:00 to +14:00.
    public static func offsetSeconds(ofZone text: String) -> Int64? {
        var rest = text[...]
        var sign: Int64 = 1
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let hours = number(parts[0], digits: 1...2),
            let minutes = parts.count == 2 ? number(parts[1], digits: 2...2) : 0, minutes < 60
        else { return nil }
        let seconds = sign * (hours * 3_600 + minutes * 60)
        return (-12 * 3_600...14 * 3_600).contains(seconds) ? seconds : nil
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }
}
