/// The lengths of Binance's candles. Windows are aligned in UTC: weeks to Monday, months to their first day.
enum KlineInterval: String, CaseIterable, Sendable {
    case oneSecond = "1s"
    case oneMinute = "1m"
    case threeMinutes = "3m"
    case fiveMinutes = "5m"
    case fifteenMinutes = "15m"
    case thirtyMinutes = "30m"
    case oneHour = "1h"
    case twoHours = "2h"
    case fourHours = "4h"
    case sixHours = "6h"
    case eightHours = "8h"
    case twelveHours = "12h"
    case oneDay = "1d"
    case threeDays = "3d"
    case oneWeek = "1w"
    case oneMonth = "1M"

    /// Nil of the month.
    private var seconds: Int64? {
        switch self {
        case .oneSecond: 1
        case .oneMinute: 60
        case .threeMinutes: 180
        case .fiveMinutes: 300
        case .fifteenMinutes: 900
        case .thirtyMinutes: 1_800
        case .oneHour: 3_600
        case .twoHours: 7_200
        case .fourHours: 14_400
        case .sixHours: 21_600
        case .eightHours: 28_800
        case .twelveHours: 43_200
        case .oneDay: 86_400
        case .threeDays: 259_200
        case .oneWeek: 604_800
        case .oneMonth: nil
        }
    }

    /// 1 January 1970 was a Thursday.
    private var offsetSeconds: Int64 { self == .oneWeek ? 4 * 86_400 : 0 }

    private static let dayMicros: Int64 = 86_400_000_000

    /// The start of the window that holds an instant, unix microseconds from 0 on.
    func windowStart(ofMicros time: Int64) -> Int64 {
        guard let seconds else {
            let (year, month) = Self.month(ofDay: time / Self.dayMicros)
            return Self.day(year, month) * Self.dayMicros
        }
        let length = seconds * 1_000_000
        let offset = offsetSeconds * 1_000_000
        let shifted = time - offset
        let index = shifted >= 0 ? shifted / length : (shifted + 1) / length - 1
        return index * length + offset
    }

    /// The start of the window behind the one that starts here.
    func windowEnd(ofStart start: Int64) -> Int64 {
        guard let seconds else {
            let (year, month) = Self.month(ofDay: start / Self.dayMicros)
            return (month == 12 ? Self.day(year + 1, 1) : Self.day(year, month + 1)) * Self.dayMicros
        }
        return start + seconds * 1_000_000
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
