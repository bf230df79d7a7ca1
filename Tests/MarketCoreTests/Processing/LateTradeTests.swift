import SimulatedMarket
import Testing

@testable import MarketCore

struct LateTradeTests {
    @Test func aLateTradeAmendsClosedCandlesAndOpenOnesAlike() {
        let partition = TestPartition()
        partition.feed(.trade(id: 10, price: "100", at: 5 * second), .trade(id: 20, price: "50", at: 65 * second))
        partition.commit()
        #expect(partition.row(0)?.revision == 1)
        partition.feed(.trade(id: 9, price: "120", at: 4 * second))
        partition.commit()
        let row = partition.row(0)
        #expect(row?.revision == 2)
        #expect(row?.candle.open.description == "120")
        #expect(row?.candle.close.description == "100")
        #expect(partition.row("BTCUSDT", .oneMinute, 0)?.revision == 2)
        // The 5 minutes are open yet: taken in memory.
        #expect(partition.row("BTCUSDT", .fiveMinutes, 0) == nil)
        let open = partition.live()?.openCandles.first { $0.interval == .fiveMinutes }
        #expect(open?.candle.tradeCount == 3)
        #expect(open?.candle.first.id == 9)
        #expect(partition.counters.late == 1)
    }

    @Test func aBackfillIsOneChangePerRowAndCommit() {
        let partition = TestPartition()
        partition.feed(.trade(id: 100_000, at: 20 * hour))
        partition.commit()
        partition.feed((0..<3_000).map { .trade(id: 1_000 + $0, at: $0 * second) })
        #expect(partition.counters.late == 0)
        // 3000 s: 300 windows of 10 s, 50 of 1 m, 10, 4, 1, 1; the day is open.
        #expect(partition.effects.candleChanges.count == 366)
        partition.commit()
        #expect(partition.counters.late == 3_000)
        #expect(partition.row(0)?.candle.tradeCount == 10)
        #expect(partition.database.rows.values.allSatisfy { $0.revision == 1 })
    }

    @Test func orderOfArrivalDoesNotMatter() {
        let trades: [LogRecord] = (0..<40).map {
            .trade(id: 100 + $0, price: "\(50 + ($0 * 7) % 13)", at: $0 * second / 2)
        }
        let ordered = TestPartition()
        ordered.feed(trades)
        ordered.finish()
        var random = SeededRandom(seed: 51)
        for _ in 0..<50 {
            let shuffled = TestPartition()
            shuffled.feed(trades.shuffled(using: &random))
            shuffled.finish()
            #expect(
                shuffled.database.rows.mapValues(\.candle) == ordered.database.rows.mapValues(\.candle), "seed 51")
            #expect(shuffled.database.rows.mapValues(\.holes) == ordered.database.rows.mapValues(\.holes), "seed 51")
        }
    }

    @Test func beyondTheRetentionHorizonATradeIsCountedOneByOne() {
        let partition = TestPartition()
        partition.feed(.trade(id: 100, at: 20 * hour))
        partition.state.setRetentionHorizon(testEpochSeconds + 10 * 3_600, of: .tenSeconds)
        partition.state.setRetentionHorizon(testEpochSeconds + 5 * 3_600, of: .oneMinute)
        partition.feed(
            .trade(id: 1, at: hour), .trade(id: 2, at: 6 * hour), .trade(id: 3, at: 10 * hour),
            .trade(id: 1, at: hour))
        partition.finish()
        #expect(partition.database.lateTrades.map(\.late.trade.tradeID) == [1, 2])
        #expect(partition.counters.beyondRetention == 2)
        #expect(partition.row(3_600) == nil)
        #expect(partition.row("BTCUSDT", .oneMinute, 3_600) == nil)
        #expect(partition.row("BTCUSDT", .oneHour, 3_600)?.candle.tradeCount == 1)
        #expect(partition.row("BTCUSDT", .oneMinute, 6 * 3_600)?.candle.tradeCount == 1)
        #expect(partition.row(10 * 3_600)?.candle.tradeCount == 1)
        #expect(partition.row("BTCUSDT", .oneDay, 0)?.candle.tradeCount == 4)
        #expect(partition.database.missedRows.isEmpty)
    }

    @Test func aHorizonNeverFalls() {
        let partition = TestPartition()
        partition.state.setRetentionHorizon(testEpochSeconds + 100, of: .tenSeconds)
        partition.state.setRetentionHorizon(testEpochSeconds + 10, of: .tenSeconds)
        partition.feed(.trade(id: 1, at: 90 * second))
        #expect(partition.effects.lateTrades.count == 1)
    }

    @Test func windowsFarAheadAreMergedEarlyWhenTheyAreTooMany() {
        var rules = ProcessingRules()
        rules.maxOpenWindows = 10
        let partition = TestPartition(rules)
        var random = SeededRandom(seed: 52)
        let times = (0..<60).map { _ in random.int(0...hour) }.sorted(by: >)
        partition.feed(.trade(id: 1, at: 0))
        partition.feed(times.enumerated().map { .trade(id: 2 + Int64($0.offset), at: $0.element) })
        #expect(partition.first.openCount <= 10)
        partition.finish()
        #expect(partition.counters.windowsFlushedEarly > 0)
        var oracle = Oracle(rules: rules)
        oracle.take(partition.log)
        for (id, row) in oracle.rows() { #expect(partition.database.rows[id]?.candle == row.candle, "seed 52") }
    }
}
