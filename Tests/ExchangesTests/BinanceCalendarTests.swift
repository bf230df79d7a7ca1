import MarketCore
import MarketWire
import Testing

@testable import Exchanges

@Suite struct BinanceCalendarTests {
    /// Windows of Wednesday, 25 November 2026, 13:37:42 UTC, as a calendar on the wall says.
    static let windows: [(BinanceInterval, String, Int64, Int64)] = [
        (.tenSeconds, "0", 1_795_613_860, 1_795_613_870), (.threeMinutes, "0", 1_795_613_760, 1_795_613_940),
        (.twelveHours, "0", 1_795_608_000, 1_795_651_200),
        // 00:00 to 00:00.
        (.oneDay, "0", 1_795_564_800, 1_795_651_200),
        // Monday 23 November to Monday 30 November.
        (.oneWeek, "0", 1_795_392_000, 1_795_996_800),
        // 1 November to 1 December.
        (.oneMonth, "0", 1_793_491_200, 1_796_083_200),
        // Midnight in Beijing is 16:00 UTC.
        (.oneDay, "8", 1_795_536_000, 1_795_622_400), (.oneWeek, "08:00", 1_795_363_200, 1_795_968_000),
        (.oneMonth, "+8:00", 1_793_462_400, 1_796_054_400), (.oneDay, "-1:00", 1_795_568_400, 1_795_654_800),
        (.oneHour, "05:45", 1_795_612_500, 1_795_616_100),
    ]

    @Test(arguments: windows)
    func windowsBeginWhereTheCalendarSays(
        _ interval: BinanceInterval, _ zone: String, _ start: Int64, _ end: Int64
    ) throws {
        let offset = try #require(BinanceCalendar.offsetSeconds(ofZone: zone))
        let calendar = BinanceCalendar(interval, offsetSeconds: offset)
        for time in [1_795_613_862, start, end - 1] {
            #expect(calendar.windowStart(ofSeconds: time) == start)
        }
        #expect(calendar.windowEnd(ofStart: start) == end)
        #expect(calendar.windowStart(before: end) == start)
        #expect(end - start <= calendar.longestSeconds)
    }

    @Test(arguments: ["", "x", "15", "-13", "14:01", "1:60", "1:5", "001", "8:00:00", "+", "1 "])
    func whatIsNoZoneIsRefused(_ text: String) { #expect(BinanceCalendar.offsetSeconds(ofZone: text) == nil) }

    /// Over sixty years, in every zone: windows follow one another and are made of what `isMade` says.
    @Test func windowsFollowOneAnother() throws {
        for interval in BinanceInterval.allCases {
            for zone in ["0", "8", "-12", "14", "5:45", "-3:30"] {
                let calendar = BinanceCalendar(
                    interval, offsetSeconds: try #require(BinanceCalendar.offsetSeconds(ofZone: zone)))
                for first in stride(from: Int64(-86_400 * 400), to: 1_900_000_000, by: 7_654_321) {
                    let start = calendar.windowStart(ofSeconds: first)
                    let end = calendar.windowEnd(ofStart: start)
                    guard start <= first, first < end, calendar.windowStart(ofSeconds: end) == end else {
                        Issue.record("\(interval) in \(zone) at \(first): \(start) to \(end)")
                        return
                    }
                    for length in [10, 60, 300, 900, 3_600, 14_400, 86_400] as [Int64]
                    where calendar.isMade(ofWindowsOf: length) {
                        guard start.isMultiple(of: length), end.isMultiple(of: length) else {
                            Issue.record("\(interval) in \(zone) at \(first) is not made of \(length) s")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test func whatAWindowIsMadeOf() {
        #expect(BinanceCalendar(.oneWeek).isMade(ofWindowsOf: 86_400))
        #expect(BinanceCalendar(.oneMonth).isMade(ofWindowsOf: 86_400))
        #expect(!BinanceCalendar(.oneMonth, offsetSeconds: 28_800).isMade(ofWindowsOf: 86_400))
        #expect(BinanceCalendar(.oneMonth, offsetSeconds: 28_800).isMade(ofWindowsOf: 14_400))
        #expect(!BinanceCalendar(.oneSecond).isMade(ofWindowsOf: 10))
        #expect(!BinanceCalendar(.threeMinutes).isMade(ofWindowsOf: 300))
    }

    @Test func aPathsNamesMayHoldAStroke() throws {
        let address = try #require(BinanceStreamAddress(path: "/ws/kraken:btc%2Fusd@trade/btcusdt@trade", query: ""))
        #expect(address.streams == ["kraken:btc/usd@trade", "btcusdt@trade"] && !address.isCombined)
        let combined = BinanceStreamAddress(
            path: "/stream", query: "streams=a%40trade%2Fb/a%40trade&timeUnit=microsecond")
        #expect(combined?.streams == ["a@trade", "b"] && combined?.timeUnit == .microsecond)
        #expect(BinanceStreamAddress(path: "/wsx", query: "") == nil)
    }
}
