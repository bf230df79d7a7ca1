import Exchanges
import MarketCore
import MarketWire
import Testing

@testable import MarketAPI

/// The klines of a stream, against a plain fold of all that was traded.
@Suite struct KlineSeriesTests {
    private func series(
        _ interval: BinanceInterval, _ intervals: [Interval] = Interval.allCases, reached: Int64? = nil
    ) throws -> KlineSeries {
        try #require(KlineSeries(BinanceCalendar(interval), among: intervals, reached: reached, pending: { _ in [] }))
    }

    private func minute(_ index: Int64, isClosed: Bool = true, revision: Int64 = 1, close: String = "100") throws
        -> CandleRecord
    {
        try Sample.candle("BTCUSDT", .oneMinute, index * 60, isClosed: isClosed, revision: revision, close: close)
    }

    private func starts(_ klines: [BinanceKline]) -> [Int64] { klines.map { $0.startMicros / 60_000_000 } }

    @Test func eachWindowClosesOnceAndInOrder() throws {
        var series = try series(.oneMinute, reached: 600)
        #expect(series.isSeeded)
        _ = series.take(open: try minute(10, isClosed: false))
        let first = try series.take(closed: try minute(10))
        #expect(starts(first) == [10])
        // Again, amended, and an older one that history brings: none is told.
        for candle in [try minute(10), try minute(10, revision: 2, close: "101"), try minute(4)] {
            let again = try series.take(closed: candle)
            #expect(again.isEmpty)
        }
        // Silent ones between are flat, at the price before them.
        let next = try series.take(closed: try minute(13, close: "105"))
        #expect(starts(next) == [11, 12, 13] && next.map(\.isFlat) == [true, true, false])
        #expect(next[0].close == Price("100") && next[0].firstTradeID == -1)
    }

    @Test func aWindowIsNotToldBeforeTheOneBeforeItHasClosed() throws {
        var series = try series(.oneMinute, reached: 600)
        _ = series.take(open: try minute(10, isClosed: false, close: "1"))
        _ = series.take(open: try minute(11, isClosed: false, close: "2"))
        let before = try series.current()
        #expect(before?.startMicros == 600_000_000)
        _ = try series.take(closed: try minute(10))
        let after = try series.current()
        #expect(after?.startMicros == 660_000_000 && after?.close == Price("2"))
    }

    @Test func whatAWindowBeganWithComesFromHistory() throws {
        // 12m to 15m is half over; its first minute is in history only.
        var series = try series(.threeMinutes, reached: 13 * 60)
        _ = series.take(open: try minute(13, isClosed: false))
        let early = try series.take(closed: try minute(13))
        #expect(early.isEmpty && !series.isSeeded && series.next == 12 * 60)
        let unknown = try series.current()
        #expect(unknown == nil)
        let history = try [11, 12, 13].map { try minute($0) }
        let seeded = try series.seed(history)
        #expect(seeded.isEmpty)
        let current = try series.current()
        #expect(current?.startMicros == 720_000_000 && current?.tradeCount == 6)
        let closed = try series.take(closed: try minute(14))
        #expect(starts(closed) == [12] && closed[0].tradeCount == 9)
        #expect(closed[0].open == history[1].open && closed[0].volume.raw == history[1].volume.raw * 3 + 180)
        let again = try series.take(closed: try minute(14, revision: 2))
        #expect(again.isEmpty)
    }

    @Test func whatIsAmendedBeforeItsWindowClosesCounts() throws {
        var series = try series(.threeMinutes, reached: 12 * 60)
        _ = try series.seed([])
        _ = try series.take(closed: try minute(12, close: "100"))
        _ = try series.take(closed: try minute(13, close: "100"))
        var amended = try minute(12, revision: 2)
        amended.high = try Sample.price("90000")
        _ = try series.take(closed: amended)
        let current = try series.current()
        #expect(current?.high == amended.high)
        // An older revision does not undo it.
        _ = try series.take(closed: try minute(12))
        let same = try series.current()
        #expect(same == current)
    }

    @Test func whatCannotBeMadeIsNot() {
        for (interval, stored) in [(BinanceInterval.oneSecond, Interval.allCases), (.oneWeek, [.tenSeconds])] {
            #expect(
                KlineSeries(BinanceCalendar(interval), among: stored, reached: 0, pending: { _ in [] }) == nil)
        }
    }

    /// Random markets with silences, open states, repeats, amendments, and history that comes late.
    @Test func everyOrderGivesThePlainFold() throws {
        let seed = SeededRandom.seed(for: "everyOrderGivesThePlainFold")
        var random = SeededRandom(seed: seed)
        for round in 0..<300 {
            let interval =
                [BinanceInterval.oneMinute, .threeMinutes, .thirtyMinutes].randomElement(using: &random)
                ?? .oneMinute
            let calendar = BinanceCalendar(interval)
            let base = try #require(KlineFold.base(of: calendar, among: [.tenSeconds, .oneMinute]))
            let first = Int64.random(in: 100...200, using: &random)
            let minutes = (first..<first + 150).filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
            let candles = try minutes.map { try minute($0, close: "\(100 + $0)") }
            let joins = Int.random(in: 0..<20, using: &random)
            let reached = (minutes[joins]) * 60
            var series = try #require(
                KlineSeries(calendar, among: [.tenSeconds, .oneMinute], reached: reached, pending: { _ in [] }))
            #expect(base == .oneMinute)
            var told: [BinanceKline] = []
            let seededAt = joins + Int.random(in: 0..<5, using: &random)
            for (index, candle) in candles.enumerated().dropFirst(joins) {
                var open = candle
                open.isClosed = false
                open.tradeCount = 1
                open.revision = 0
                _ = series.take(open: open)
                if Bool.random(using: &random) {
                    let old = candles[Int.random(in: 0..<max(1, index - 40), using: &random)]
                    if old.windowStart < candle.windowStart - 1_900 {
                        var amended = old
                        amended.revision = 2
                        told += try series.take(closed: amended)
                    }
                }
                told += try series.take(closed: candle)
                if index == seededAt { told += try series.seed(Array(candles[...index])) }
            }
            let fold = KlineFold(calendar: calendar)
            let start = calendar.windowStart(ofSeconds: reached)
            let end = (minutes.last ?? 0) * 60 + 60
            let last = calendar.windowStart(ofSeconds: end - 1)
            let whole = calendar.windowEnd(ofStart: last) <= end ? last : calendar.windowStart(before: last)
            let previous = interval == .oneMinute ? nil : candles.last { $0.windowStart < start }?.close
            let expected = fold.filled(
                try fold.klines(candles.filter { $0.windowStart >= start }), from: start, through: whole, limit: .max,
                previousClose: previous)
            #expect(told == expected, "seed \(seed), round \(round), \(interval)")
        }
    }
}
