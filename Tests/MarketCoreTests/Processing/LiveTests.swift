import SimulatedMarket
import Testing

@testable import MarketCore

struct LiveTests {
    @Test func anUpdateHasTheLatestPriceAndEveryOpenCandle() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 10, price: "5", at: 61 * second), .trade(id: 12, price: "7", at: 72 * second),
            .trade(id: 11, price: "9", at: 71 * second))
        let updates = partition.takeLiveUpdates()
        #expect(updates.count == 1)
        let update = updates[0]
        #expect(update.price.description == "7")
        #expect(update.key == TradeKey(generation: 0, id: 12))
        #expect(update.eventTimeMicros == testEpochMicros + 72 * second)
        #expect(update.openCandles.map(\.interval) == Interval.allCases)
        #expect(update.openCandles.map(\.windowStart) == [70, 60, 0, 0, 0, 0, 0].map { testEpochSeconds + $0 })
        #expect(update.openCandles.map(\.candle.tradeCount) == [2, 3, 3, 3, 3, 3, 3])
        #expect(update.openCandles.map(\.missingTrades) == [0, nil, nil, nil, nil, nil, nil])
        #expect(update.openCandles[1].candle.close.description == "7")
    }

    @Test func onlyWhatChangedComesAndOnlyOnce() {
        let partition = TestPartition()
        partition.feed(.trade("A", id: 1, at: 0), .trade("B", id: 1, at: 0), .trade("A", id: 2, at: 0))
        #expect(partition.hasLiveUpdates)
        #expect(partition.takeLiveUpdates(limit: 1).map(\.instrument) == [0])
        #expect(partition.takeLiveUpdates(limit: 1).map(\.instrument) == [1])
        #expect(!partition.hasLiveUpdates)
        partition.feed(.trade("B", id: 1, at: 0))
        #expect(!partition.hasLiveUpdates)
        partition.feed(.trade("B", id: 2, at: 0))
        #expect(partition.takeLiveUpdates().map(\.instrument) == [1])
        partition.state.markAllLive()
        #expect(partition.takeLiveUpdates().map(\.instrument) == [0, 1])
    }

    @Test func anOlderTradeDoesNotTakeThePriceBack() {
        let partition = TestPartition()
        partition.feed(.trade(id: 10, price: "5", at: 0), .trade(id: 9, price: "4", at: 0))
        #expect(partition.live()?.price.description == "5")
        partition.feed(.trade(id: 11, price: "8", quantity: "0", at: 0))
        #expect(partition.live()?.price.description == "5")
    }

    @Test func aRestartShowsTheSame() throws {
        let partition = TestPartition()
        partition.feed((0..<200).map { .trade(id: 100 + $0 + $0 / 50, price: "\(1 + $0 % 9)", at: $0 * second) })
        partition.commit()
        let before = partition.live()
        try partition.restart()
        #expect(partition.hasLiveUpdates)
        #expect(partition.live() == before)
        #expect(before != nil)
    }

    @Test func holesOfAnOpenWindowAreShown() {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 4, at: second))
        #expect(partition.live()?.openCandles.map(\.missingTrades) == Array(repeating: 2, count: 7))
        partition.feed(.trade(id: 2, at: second))
        #expect(partition.live()?.openCandles.map(\.missingTrades) == Array(repeating: 1, count: 7))
    }
}
