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
            let (year, month) = Self.month(ofDay: Self.floor(local, Self.daySeconds))
            return Self.day(year, month) * Self.daySeconds - offsetSeconds
        }
        return Self.floor(local - weekdaySeconds, length) * length + weekdaySeconds - offsetSeconds
    }

    /// The start of the window behind the one that starts here; both in unix seconds.
    public func windowEnd(ofStart start: Int64) -> Int64 {
        guard let length = interval.seconds else {
            let (year, month) = Self.month(ofDay: Self.floor(start + offsetSeconds, Self.daySeconds))
            return (month == 12 ? Self.day(year + 1, 1) : Self.day(year, month + 1)) * Self.daySeconds - offsetSeconds
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

    // Days to civil dates and back, after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".

    private static func month(ofDay day: Int64) -> (year: Int64, month: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month)
    }

    /// The first day of a month.
    private static func day(_ year: Int64, _ month: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
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
