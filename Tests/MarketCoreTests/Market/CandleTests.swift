import MarketCore
import SimulatedMarket
import Testing

struct CandleTests {
    private func candle(_ random: inout SeededRandom) throws -> Candle {
        let id = random.int(0...1_000_000)
        let count = random.int(1...3)
        let generation = Int32(random.int(0...1))
        let candle = Candle(
            price: Price(raw: random.int(1...1_000)), quantity: Quantity(raw: Int128(random.int(1...1_000))),
            takerSide: random.once(in: 2) ? .buy : .sell, first: TradeKey(generation: generation, id: id * 4),
            last: TradeKey(generation: generation, id: id * 4 + count - 1), tradeCount: count)
        return try #require(candle)
    }

    private func merged(_ left: Candle, _ right: Candle) -> Candle? {
        var sum = left
        return sum.merge(right) ? sum : nil
    }

    @Test func mergingIsCommutativeAndAssociative() throws {
        let seed: UInt64 = 21
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let a = try candle(&random)
            let b = try candle(&random)
            let c = try candle(&random)
            guard Set([a.first, b.first, c.first]).count == 3 else { continue }
            let ab = try #require(merged(a, b))
            #expect(ab == merged(b, a), "seed \(seed)")
            let cb = try #require(merged(c, b))
            #expect(merged(ab, c) == merged(cb, a), "seed \(seed)")
            #expect(merged(ab, c) != nil)
        }
    }

    @Test func theKeyDecidesOpenAndClose() throws {
        func one(_ generation: Int32, _ id: Int64, _ price: String) throws -> Candle {
            let key = TradeKey(generation: generation, id: id)
            let candle = Candle(
                price: try #require(Price(price)), quantity: try #require(Quantity("1")), takerSide: .sell, first: key,
                last: key, tradeCount: 1)
            return try #require(candle)
        }
        let two = try #require(merged(try one(1, 5, "3"), try one(0, 900, "7")))
        let candle = try #require(merged(two, try one(1, 4, "9")))
        #expect(candle.open.description == "7")
        #expect(candle.close.description == "3")
        #expect(candle.high.description == "9")
        #expect(candle.low.description == "3")
        #expect(candle.takerBuyVolume == .zero)
        #expect(candle.quoteVolume.description == "19")
    }

    @Test func overflowIsReportedAndChangesNothing() throws {
        var random = SeededRandom(seed: 22)
        let other = try candle(&random)
        var full = try candle(&random)
        full.volume.raw = .max
        let before = full
        let isMerged = full.merge(other)
        #expect(!isMerged)
        #expect(full == before)
        var counted = try candle(&random)
        counted.tradeCount = .max
        #expect(merged(counted, other) == nil)
        #expect(
            Candle(
                price: Price(raw: .max), quantity: Quantity(raw: 1 << 100), takerSide: .buy, first: full.first,
                last: full.last, tradeCount: 1) == nil)
    }
}
