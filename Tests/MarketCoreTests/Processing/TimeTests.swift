import SimulatedMarket
import Testing

@testable import MarketCore

/// Watermark, closing, leads, idle time and future times.
struct TimeTests {
    @Test func aWindowClosesWhenTheWatermarkReachesItsEnd() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 3 * second), .trade(id: 2, at: 12 * second - 1))
        partition.commit()
        #expect(partition.row(0) == nil)
        partition.feed(.trade(id: 3, at: 12 * second))
        partition.commit()
        #expect(partition.row(0)?.candle.tradeCount == 1)
        #expect(partition.row(10) == nil)
        #expect(partition.watermarkMicros == testEpochMicros + 10 * second)
        #expect(partition.maxEventMicros == testEpochMicros + 12 * second)
    }

    @Test func anotherInstrumentsTradeClosesAQuietOnesWindow() {
        let partition = TestPartition()
        partition.feed(.trade("QUIET", id: 1, at: 3 * second), .trade("LIVELY", id: 1, at: 12 * second))
        partition.commit()
        #expect(partition.row("QUIET", .tenSeconds, 0)?.candle.tradeCount == 1)
    }

    @Test func everyIntervalClosesAtItsOwnEnd() {
        let partition = TestPartition()
        partition.feed((0..<8_700).map { .trade(id: $0, at: $0 * 10 * second) })
        partition.commit()
        let watermark = partition.watermarkMicros! / second - testEpochSeconds
        #expect(watermark == 86_988)
        for interval in Interval.allCases {
            let rows = partition.database.rows.filter { $0.key.interval == interval }
            #expect(Int64(rows.count) == watermark / interval.seconds)
            #expect(rows.allSatisfy { $0.value.candle.tradeCount == interval.seconds / 10 && $0.value.revision == 1 })
        }
    }

    @Test func anEmptyWindowHasNoRow() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 3 * second), .trade(id: 2, at: 43 * second))
        partition.finish()
        #expect(partition.row(0) != nil)
        #expect(partition.row(10) == nil)
        #expect(partition.row(30) == nil)
        #expect(partition.row(40) != nil)
    }

    @Test func aTradeFarAheadMovesTimeOnlyWhenAnotherReachesIt() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 2, at: 60 * second))
        #expect(partition.maxEventMicros == testEpochMicros + 60 * second)
        partition.feed(.trade(id: 3, at: 120 * second + 1))
        #expect(partition.maxEventMicros == testEpochMicros + 60 * second)
        #expect(partition.leadMicros == testEpochMicros + 120 * second + 1)
        partition.feed(.trade(id: 4, at: 119 * second))
        #expect(partition.maxEventMicros == testEpochMicros + 119 * second)
        partition.feed(.trade(id: 5, at: 120 * second + 1))
        #expect(partition.maxEventMicros == testEpochMicros + 120 * second + 1)
        #expect(partition.leadMicros == nil)
    }

    @Test func oneWildTimeClosesNothing() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 2, at: 90 * minute))
        for id in 3...200 as ClosedRange<Int64> { partition.feed(.trade(id: id, at: id * second / 10)) }
        partition.commit()
        #expect(partition.maxEventMicros == testEpochMicros + 20 * second)
        #expect(partition.row(0)?.revision == 1)
        // The price is the highest id's, but the candle shown is now's.
        #expect(partition.live()?.openCandles.first?.windowStart == testEpochSeconds + 20)
        // Its own candle comes in its own time.
        partition.finish()
        #expect(partition.row(90 * 60)?.candle.tradeCount == 1)
    }

    @Test func aDuplicateOfAWildTimeProvesNothing() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 1, at: 0), .trade(id: 2, at: hour), .trade(id: 2, at: hour), .trade(id: 2, at: hour))
        #expect(partition.maxEventMicros == testEpochMicros)
    }

    @Test func ofSeveralLeadsTheEarliestIsReachedFirst() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 2, at: hour), .trade(id: 3, at: 5 * minute))
        #expect(partition.leadMicros == testEpochMicros + 5 * minute)
        partition.feed(.trade(id: 4, at: 5 * minute + second))
        #expect(partition.maxEventMicros == testEpochMicros + 5 * minute + second)
    }

    @Test func afterAPauseTimeGoesOnWithTheSecondTrade() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 2, at: 10 * minute), .trade(id: 3, at: 11 * minute + second))
        #expect(partition.maxEventMicros == testEpochMicros + 10 * minute)
        partition.feed(.trade(id: 4, at: 11 * minute + 2 * second))
        #expect(partition.maxEventMicros == testEpochMicros + 11 * minute + 2 * second)
    }

    @Test func idleTimeClosesTheLastCandle() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 3 * second))
        partition.idle(micros: 8 * second)
        partition.commit()
        #expect(partition.row(0) == nil)
        partition.idle(micros: second)
        partition.commit()
        #expect(partition.row(0)?.candle.tradeCount == 1)
        #expect(partition.row("BTCUSDT", .oneMinute, 0) == nil)
        #expect(partition.maxEventMicros == testEpochMicros + 3 * second)
        #expect(partition.hasOpenWindows)
        partition.idle(micros: 48 * hour)
        partition.commit()
        #expect(!partition.hasOpenWindows)
        #expect(partition.row("BTCUSDT", .oneDay, 0) != nil)
        // Not a moment beyond the last window.
        #expect(partition.watermarkMicros == testEpochMicros + 24 * hour)
        partition.idle(micros: hour)
        #expect(partition.watermarkMicros == testEpochMicros + 24 * hour)
    }

    @Test func idleTimeNeedsATrade() {
        let partition = TestPartition()
        partition.idle(micros: hour)
        #expect(partition.watermarkMicros == nil)
        #expect(!partition.needsCommit)
    }

    @Test func timeThatPassedIdleIsNoLead() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0))
        partition.idle(micros: 5 * minute)
        partition.feed(.trade(id: 2, at: 5 * minute + 30 * second))
        #expect(partition.maxEventMicros == testEpochMicros + 5 * minute + 30 * second)
    }

    @Test func afterIdleTimeLateTradesStillCount() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 3 * second))
        partition.idle(micros: minute)
        partition.feed(.trade(id: 2, at: 4 * second), .trade(id: 3, at: 14 * second))
        partition.finish()
        #expect(partition.row(0)?.candle.tradeCount == 2)
        #expect(partition.row(10)?.candle.tradeCount == 1)
    }

    @Test func aTradeFromTheFutureIsQuarantinedAndItsIDStaysUnseen() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 1, at: 0, recordAt: 0),
            .trade(id: 2, at: 2 * hour + 1, recordAt: 0), .trade(id: 2, at: second, recordAt: 0),
            .trade(id: 3, at: 2 * hour, recordAt: 0))
        partition.finish()
        #expect(partition.database.quarantined.map(\.record.reason) == [.futureTime])
        #expect(partition.database.quarantined.map(\.record.offset) == [1])
        #expect(partition.row(0)?.candle.tradeCount == 2)
        #expect(partition.row(7_200)?.candle.tradeCount == 1)
        #expect(partition.row(0)?.holes == 0)
    }

    @Test func aRecordWithoutATimestampHasNoFuture() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 2, at: 5 * hour))
        #expect(partition.effects.quarantined.isEmpty)
    }

    @Test(arguments: [-testEpochMicros - 1, 300_000_000_000_000_000])
    func timesOutsideTheCalendarAreImplausible(_ timeMicros: Int64) {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: timeMicros))
        #expect(partition.effects.quarantined.map(\.reason) == [.implausible])
        #expect(partition.maxEventMicros == nil)
    }
}

extension TestPartition {
    /// The state of the instrument that came first.
    var first: InstrumentState { state.instruments[0] }

    /// A 10 s row of BTCUSDT.
    func row(_ start: Int64) -> TestDatabase.Row? { row("BTCUSDT", .tenSeconds, start) }
}
