import Exchanges
import MarketCore

/// TradingView's names of bar lengths: seconds with `S`, bare minutes, days `D`, weeks `W`, months `M`.
enum UDFResolution {
    /// Every one that can be built, shortest first.
    static let names: [(name: String, interval: BinanceInterval)] = [
        ("10S", .tenSeconds), ("1", .oneMinute), ("3", .threeMinutes), ("5", .fiveMinutes), ("15", .fifteenMinutes),
        ("30", .thirtyMinutes), ("60", .oneHour), ("120", .twoHours), ("240", .fourHours), ("360", .sixHours),
        ("480", .eightHours), ("720", .twelveHours), ("1D", .oneDay), ("3D", .threeDays), ("1W", .oneWeek),
        ("1M", .oneMonth),
    ]

    /// Those for which something is stored.
    static func names(among intervals: [Interval]) -> [String] {
        names.filter { KlineFold.base(of: BinanceCalendar($0.interval), among: intervals) != nil }.map(\.name)
    }

    /// `D`, `W` and `M` mean one of them.
    static func interval(_ name: String) -> BinanceInterval? {
        let name = ["D", "W", "M"].contains(name) ? "1" + name : name
        return names.first { $0.name == name }?.interval
    }
}
