import SimulatedMarket
import Testing

@testable import MarketCore

struct DedupeTests {
    @Test func aTradeCountsOnce() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 1, at: 0), .trade(id: 2, at: 0))
        partition.feed(.trade(id: 2, at: 0), .trade(id: 1, at: 0))
        partition.finish()
        #expect(partition.row(0)?.candle.tradeCount == 2)
        #expect(partition.counters.duplicates == 3)
        #expect(partition.counters.accepted == 2)
    }

    @Test func twoProducersAndARestartedOneDoNotCountTwice() {
        let trades: [LogRecord] = (0..<100).map { .trade(id: 1_000 + $0, at: $0 * second / 3) }
        let single = TestPartition()
        single.feed(trades)
        single.finish()
        let doubled = TestPartition()
        doubled.feed(zip(trades, trades).flatMap { [$0, $1] })
        doubled.feed(Array(trades[60...]))
        doubled.finish()
        #expect(doubled.database.rows == single.database.rows)
        #expect(doubled.counters.duplicates == 140)
    }

    @Test func instrumentsHaveTheirOwnIDs() {
        let partition = TestPartition()
        partition.feed(.trade("A", id: 1, at: 0), .trade("B", id: 1, at: 0), .trade("kraken:A", id: 1, at: 0))
        partition.finish()
        #expect(partition.counters.accepted == 3)
    }

    @Test func anAggregateStandsForItsIDs() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 10, count: 3, price: "5", quantity: "2", at: 0), .trade(id: 9, at: 0),
            .trade(id: 10, count: 3, at: 0), .trade(id: 8, count: 1, at: 0), .trade(id: 12, count: 2, at: second))
        partition.finish()
        let candle = partition.row(0)?.candle
        #expect(candle?.tradeCount == 5)
        #expect(candle?.first.id == 8)
        #expect(candle?.last.id == 12)
        #expect(partition.counters.duplicates == 3)
        #expect(partition.row(0)?.holes == 0)
    }

    @Test(arguments: [(11, 2), (7, 2), (12, 6), (8, 3)] as [(Int64, Int64)])
    func anAggregateKnownInPartIsQuarantined(_ id: Int64, _ count: Int64) {
        let partition = TestPartition()
        partition.feed(.trade(id: 10, count: 4, at: 0), .trade(id: id, count: count, at: 0))
        // A hole inside makes no difference.
        partition.feed(.trade("GAP", id: 1, at: 0), .trade("GAP", id: 5, at: 0), .trade("GAP", id: 4, count: 4, at: 0))
        #expect(partition.effects.quarantined.map(\.reason) == [.partialOverlap, .partialOverlap])
        #expect(partition.effects.counters[.partialOverlap] == 2)
        #expect(partition.effects.counters.accepted == 3)
    }

    @Test func anAggregateMayFillAHole() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 6, at: 0), .trade(id: 4, count: 2, at: 0))
        partition.finish()
        #expect(partition.row(0)?.holes == 2)
        #expect(partition.database.progress["BTCUSDT"]?.openHoles == [5...5, 2...2])
    }

    @Test func aZeroQuantityAdvancesTheIDsAndTouchesNoCandle() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 1, price: "100", at: 0), .trade(id: 2, price: "0", quantity: "0", at: second),
            .trade(id: 3, price: "1", quantity: "0", at: 2 * second), .trade(id: 4, price: "101", at: 3 * second),
            .trade("EMPTY", id: 1, quantity: "0", at: 0))
        partition.finish()
        #expect(partition.row(0)?.candle.tradeCount == 2)
        #expect(partition.row(0)?.candle.low.description == "100")
        #expect(partition.row(0)?.holes == 0)
        #expect(partition.row("EMPTY", .tenSeconds, 0) == nil)
        #expect(partition.counters.zeroQuantity == 3)
        #expect(partition.database.progress["EMPTY"]?.highestTradeID == 1)
    }

    @Test func anOldIDWithANewTimeIsARestartedNumbering() {
        let partition = TestPartition()
        partition.feed(.trade(id: 100, at: 0), .trade(id: 110, at: 10 * second))
        partition.feed(
            .trade(id: 105, at: 70 * second), .trade(id: 105, at: 70 * second + 1),
            // Even one that looks like a duplicate.
            .trade(id: 110, at: 2 * minute), .trade(id: 1, at: 2 * minute))
        #expect(partition.effects.quarantined.map(\.reason) == [.idRestart, .idRestart, .idRestart])
        #expect(partition.effects.quarantined.map(\.offset) == [3, 4, 5])
        #expect(partition.effects.counters.accepted == 3)
        #expect(partition.effects.quarantined.allSatisfy { $0.detail.contains("new generation") })
    }

    @Test func aJumpOfIDsIsBoundedByTheTimeThatPassed() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 10_000_002, at: 0))
        #expect(partition.effects.quarantined.map(\.reason) == [.idJump])
        partition.feed(.trade(id: 10_000_001, at: 0))
        #expect(partition.effects.counters.accepted == 2)
        partition.feed(.trade(id: 20_000_001 + 10_001, at: 1_999_999), .trade(id: 20_000_001 + 10_000, at: 1_999_999))
        #expect(partition.effects.counters[.idJump] == 2)
        #expect(partition.effects.counters.accepted == 3)
    }

    @Test func historyBelowTheLowestIDIsWelcome() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1_000_000_000, at: hour), .trade(id: 5, at: 0), .trade(id: 4, at: 0))
        partition.finish()
        #expect(partition.counters.accepted == 3)
        #expect(partition.row(0)?.candle.tradeCount == 2)
    }

    @Test func whatNoTradeCanHaveIsImplausible() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: -1, at: 0), .trade(id: 2, count: 4, at: 0), .trade(id: 5, count: 0, at: 0),
            .trade(id: 5, count: -1, at: 0), .trade(id: 2_000_000, count: 1_000_001, at: 0),
            .trade(id: 1, price: "0", at: 0), .trade(id: 1, price: "-1", at: 0), .trade(id: 1, quantity: "-1", at: 0),
            .trade(id: .max, at: 0), .trade(id: .max, count: .max, at: 0), .trade(id: .min, count: 10, at: 0))
        #expect(partition.effects.quarantined.map(\.reason) == Array(repeating: .implausible, count: 11))
        #expect(partition.effects.counters.accepted == 0)
        #expect(partition.effects.counters.quarantined == 11)
    }

    @Test func amountsThatCouldNotBeSummedAreQuarantined() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 1, price: "90000000000", quantity: "1000000000000", at: 0),
            .trade(id: 2, price: "1", quantity: "8000000000000000000000", at: 0),
            .trade(id: 3, price: "1", quantity: "1000000000000000", at: 0),
            .trade(id: 4, price: "1", quantity: "7000000000000000000000", at: 0))
        partition.finish()
        #expect(partition.database.quarantined.map(\.record.reason) == [.overflow, .overflow])
        #expect(partition.row(0)?.candle.volume.description == "8000001000000000000000" || partition.row(0) == nil)
    }
}
