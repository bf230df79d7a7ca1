import SimulatedMarket
import Testing

@testable import MarketCore

struct MissingTests {
    @Test func aHoleInsideAWindowCountsOnceInEachInterval() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 5, at: second))
        partition.finish()
        for interval in Interval.allCases { #expect(partition.row("BTCUSDT", interval, 0)?.holes == 3) }
    }

    @Test func aHoleBetweenWindowsCountsInBothOfEachInterval() {
        let partition = TestPartition()
        // Two windows of 10 s and 1 m, one of 5 m and longer.
        partition.feed(.trade(id: 1, at: 0), .trade(id: 5, at: 65 * second))
        partition.finish()
        #expect(partition.row(0)?.holes == 3)
        #expect(partition.row(60)?.holes == 3)
        #expect(partition.row("BTCUSDT", .oneMinute, 0)?.holes == 3)
        #expect(partition.row("BTCUSDT", .oneMinute, 60)?.holes == 3)
        #expect(partition.row("BTCUSDT", .fiveMinutes, 0)?.holes == 3)
        #expect(partition.row("BTCUSDT", .oneDay, 0)?.holes == 3)
    }

    @Test func fillingAHoleTakesBackWhatFindingItCounted() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 5, at: 65 * second), .trade(id: 6, at: 10 * minute))
        partition.feed(.trade(id: 7, at: 10 * minute + second))
        partition.commit()
        #expect(partition.row(0)?.holes == 3)
        #expect(partition.row(60)?.holes == 3)
        let revision = partition.row(0)?.revision
        // The middle one, in a window between: two holes of one id, each at one side of it.
        partition.feed(.trade(id: 3, at: 30 * second))
        partition.commit()
        #expect(partition.row(0)?.holes == 1)
        #expect(partition.row(30)?.holes == 2)
        #expect(partition.row(60)?.holes == 1)
        #expect(partition.row("BTCUSDT", .oneMinute, 0)?.holes == 2)
        #expect(partition.row(0)?.revision == (revision ?? 0) + 1)
        partition.feed(.trade(id: 2, at: second), .trade(id: 4, at: 64 * second))
        partition.finish()
        #expect(partition.database.rows.values.allSatisfy { $0.holes == 0 })
        #expect(partition.counters.idsFoundMissing == 3)
        #expect(partition.counters.idsFilled == 3)
    }

    @Test func findingAHoleAmendsClosedRows() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade("OTHER", id: 1, at: 40 * second))
        partition.commit()
        #expect(partition.row(0)?.missingTrades == 0)
        partition.feed(.trade(id: 3, at: 50 * second))
        partition.commit()
        #expect(partition.row(0)?.holes == 1)
        #expect(partition.row(0)?.revision == 2)
    }

    @Test func aZeroQuantityIsNoEdge() {
        let partition = TestPartition()
        // 10 s windows: 0 has id 1, 10 has none with a quantity, 20 has id 9.
        partition.feed(
            .trade(id: 1, at: 0), .trade(id: 4, quantity: "0", at: 12 * second), .trade(id: 9, at: 20 * second))
        partition.finish()
        #expect(partition.row(0)?.holes == 2)
        #expect(partition.row(10) == nil)
        #expect(partition.row(20)?.holes == 4)
        #expect(partition.row("BTCUSDT", .oneMinute, 0)?.holes == 6)
        // A trade joins the lone zero: both holes have an edge there now.
        partition.feed(.trade(id: 5, at: 13 * second))
        partition.finish()
        #expect(partition.row(0)?.holes == 2)
        #expect(partition.row(10)?.holes == 5)
        #expect(partition.row(20)?.holes == 3)
        #expect(partition.row("BTCUSDT", .oneMinute, 0)?.holes == 5)
        #expect(partition.database.missedRows.isEmpty)
    }

    @Test func theFirstWindowIsUnknownAndTheNextIsNot() {
        let partition = TestPartition()
        partition.feed(.trade(id: 10, at: 5 * second), .trade(id: 11, at: 15 * second))
        partition.finish()
        #expect(partition.row(0)?.missingTrades == nil)
        #expect(partition.row(10)?.missingTrades == 0)
        #expect(partition.row("BTCUSDT", .oneMinute, 0)?.missingTrades == nil)
    }

    @Test func aFirstTradeAtTheVeryBeginningLeavesNothingUnknown() {
        let partition = TestPartition()
        partition.feed(.trade(id: 10, at: 0))
        partition.finish()
        #expect(partition.row(0)?.missingTrades == 0)
    }

    @Test func olderHistoryClearsTheUnknown() {
        let partition = TestPartition()
        partition.feed(.trade(id: 10, at: 65 * second), .trade("OTHER", id: 1, at: 80 * second))
        partition.commit()
        #expect(partition.row(60)?.unknown == true)
        partition.feed(.trade(id: 8, at: 35 * second))
        partition.commit()
        // The hole between them is known of now, on both sides.
        #expect(partition.row(60)?.missingTrades == 1)
        #expect(partition.row(30)?.missingTrades == nil)
        partition.finish()
        #expect(partition.row("BTCUSDT", .oneMinute, 60)?.missingTrades == 1)
        #expect(partition.row("BTCUSDT", .oneMinute, 0)?.missingTrades == nil)
        #expect(partition.row("BTCUSDT", .fiveMinutes, 0)?.missingTrades == nil)
    }

    @Test func historyIsNotOfferedForFillingUntilACommandSaysSo() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1_000, at: hour), .trade(id: 1_003, at: hour), .trade(id: 500, at: 0))
        // A little disorder at the beginning is not history.
        partition.feed(.trade(id: 990, at: hour - second))
        partition.commit()
        #expect(partition.row(0) != nil)
        #expect(partition.database.progress["BTCUSDT"]?.openHoles == [1_001...1_002, 991...999])
        partition.feed(.control(.reopen(600...650)))
        partition.commit()
        #expect(partition.database.progress["BTCUSDT"]?.openHoles == [1_001...1_002, 991...999, 600...989])
    }

    @Test func holesBehindTheHorizonChangeNoRows() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 2, at: hour), .trade(id: 5, at: 20 * hour))
        partition.commit()
        for interval in Interval.allCases {
            partition.state.setRetentionHorizon(testEpochSeconds + 10 * 3_600, of: interval)
        }
        partition.feed(.trade(id: 4, at: 11 * hour))
        #expect(partition.effects.candleChanges.allSatisfy { $0.id.windowStart >= testEpochSeconds + 8 * 3_600 })
    }
}
