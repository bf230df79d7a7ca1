import ArgumentParser
import Exchanges
import MarketCore

/// An instant on a command line, UTC: `2026-11-25`, `2026-11-25T10:00`, `2026-11-25T10:00:00Z`, or unix seconds.
struct TimeArgument: ExpressibleByArgument, Hashable {
    /// Unix seconds.
    let seconds: Int64

    /// The year 2200: candles end there.
    private static let limit: Int64 = 7_258_118_400

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        if let seconds = Int64(argument) {
            guard (0...Self.limit).contains(seconds) else { return nil }
            self.seconds = seconds
            return
        }
        let ending =
            switch argument.utf8.count {
            case 10: "T00:00:00Z"
            case 16: ":00Z"
            case 19: "Z"
            default: ""
            }
        guard let micros = RFC3339.micros(argument + ending), micros % 1_000_000 == 0,
            micros / 1_000_000 <= Self.limit
        else { return nil }
        seconds = micros / 1_000_000
    }
}

/// Instants for people.
enum UTCText {
    /// `2026-11-25 10:00:00`, of unix seconds from 1970 on.
    static func time(_ seconds: Int64) -> String {
        let second = seconds % 86_400
        return "\(date(seconds)) \(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))"
    }

    /// `2026-11-25`
    static func date(_ seconds: Int64) -> String {
        let date = CivilDate(daysSince1970: seconds / 86_400)
        return "\(date.year)-\(two(date.month))-\(two(date.day))"
    }

    /// A length of time: `3 d 4 h`, `5 min`, `10 s`.
    static func length(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400:
            seconds % 3_600 < 60 ? "\(seconds / 3_600) h" : "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        default:
            seconds % 86_400 < 3_600
                ? "\(seconds / 86_400) d" : "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
        }
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
