import MarketCore
import MarketWire
import Testing

@testable import TradeProcessor

/// What of an instrument is written to Redis when.
struct LivePacingTests {
    private func update(_ symbol: String, trade: Int64, generation: Int64 = 0) -> LiveMailbox.Update {
        let price = Price(raw: 100 + trade)
        let candle = CandleRecord(
            symbol: symbol, interval: .base, windowStart: 0, open: price, high: price, low: price, close: price,
            volume: .zero, quoteVolume: .zero, tradeCount: trade, takerBuyVolume: .zero, takerBuyQuoteVolume: .zero,
            firstTradeID: 1, lastTradeID: trade, missingTrades: 0, revision: 0, isClosed: false)
        return LiveMailbox.Update(
            record: LiveUpdateRecord(
                symbol: symbol, price: price, tradeID: trade, eventTimeMicros: trade, candles: [candle]),
            version: LiveVersion(lineage: 1, generation: generation, offset: trade))
    }

    private func trades(_ updates: [LiveMailbox.Update]) -> [Int64] { updates.map(\.record.tradeID).sorted() }

    @Test func pricesGoAtOnceAndCandlesAtTheirOwnPace() {
        var pacing = LivePacing()
        let pause = LivePacing.candlePauseMicros
        let first = pacing.take(["A": update("A", trade: 1)], nowMicros: 1_000)
        #expect(trades(first.whole) == [1] && first.prices.isEmpty)

        let second = pacing.take(["A": update("A", trade: 2), "B": update("B", trade: 7)], nowMicros: 2_000)
        #expect(trades(second.whole) == [7] && trades(second.prices) == [2])
        #expect(second.prices.allSatisfy { $0.record.candles.isEmpty })

        // Only the candles changed, by a trade of a lower id: its price is no news.
        let third = pacing.take(["A": update("A", trade: 2)], nowMicros: 3_000)
        #expect(third.whole.isEmpty && third.prices.isEmpty)

        let early = pacing.take([:], nowMicros: 1_000 + pause - 1)
        #expect(early.whole.isEmpty && early.prices.isEmpty)
        let due = pacing.take([:], nowMicros: 1_000 + pause)
        #expect(trades(due.whole) == [2] && due.whole.allSatisfy { !$0.record.candles.isEmpty })

        let rest = pacing.take([:], nowMicros: 1_000 + 9 * pause)
        #expect(rest.whole.isEmpty && rest.prices.isEmpty)
    }

    /// Instruments that all trade all the time, and that were all seen first at the same moment.
    @Test(arguments: [2, 50, 2_000]) func instrumentsTakeTurns(_ count: Int) {
        var pacing = LivePacing()
        var written: [String: [Int64]] = [:]
        var most = 0
        let stepMicros: Int64 = 2_000
        let steps = 10 * LivePacing.candlePauseMicros / stepMicros
        for step in 0...steps {
            let updates = (0..<count).map { ("S\($0)", update("S\($0)", trade: step)) }
            let due = pacing.take(Dictionary(uniqueKeysWithValues: updates), nowMicros: step * stepMicros)
            for update in due.whole { written[update.record.symbol, default: []].append(step) }
            if step > 0 { most = max(most, due.whole.count) }
        }
        // A write of 2 ms is the fiftieth part of a span.
        #expect(most <= count / 50 + 2)
        // The first time, then once in each span.
        #expect(written.count == count && written.values.allSatisfy { (10...12).contains($0.count) })
    }

    @Test func aNewNumberingOfTradesIsNewer() {
        var pacing = LivePacing()
        _ = pacing.take(["A": update("A", trade: 500)], nowMicros: 0)
        let next = pacing.take(["A": update("A", trade: 1, generation: 1)], nowMicros: 1)
        #expect(trades(next.prices) == [1])
    }

    /// Whatever the market does: the last word on each instrument is a whole one, and comes within a pause.
    @Test(arguments: [UInt64(1), 2, 3]) func theLastWordIsWhole(_ seed: UInt64) {
        var state = seed
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var pacing = LivePacing()
        var newest: [String: Int64] = [:]
        var shown: [String: Int64] = [:]
        var now: Int64 = 0
        func note(_ due: LivePacing.Due) {
            for update in due.whole { shown[update.record.symbol] = update.record.tradeID }
        }
        for _ in 0..<5_000 {
            var updates: [String: LiveMailbox.Update] = [:]
            for symbol in ["A", "B", "C"] where random(3) == 0 {
                let trade = (newest[symbol] ?? 0) + Int64(random(2))
                newest[symbol] = trade
                updates[symbol] = update(symbol, trade: trade)
            }
            now += Int64(random(20_000))
            note(pacing.take(updates, nowMicros: now))
        }
        now += LivePacing.candlePauseMicros
        note(pacing.take([:], nowMicros: now))
        #expect(shown == newest, "seed \(seed)")
    }

    @Test func candlesWhoseTurnItIsAreNotFresh() {
        let mailbox = LiveMailbox()
        mailbox.put([update("A", trade: 1)])
        #expect(mailbox.takeDue(nowMicros: 0).isFresh)
        mailbox.put([update("A", trade: 2)])
        let price = mailbox.takeDue(nowMicros: 1)
        #expect(price.isFresh && trades(price.updates.prices) == [2])
        let owed = mailbox.takeDue(nowMicros: LivePacing.candlePauseMicros)
        #expect(!owed.isFresh && owed.hasNews && trades(owed.updates.whole) == [2])
        #expect(!mailbox.takeDue(nowMicros: 2 * LivePacing.candlePauseMicros).hasNews)
    }

    @Test func whatIsOwedIsTakenAtTheEnd() {
        let mailbox = LiveMailbox()
        mailbox.put([update("A", trade: 1)])
        #expect(mailbox.take().updates.keys.sorted() == ["A"])
        #expect(mailbox.take().updates.isEmpty)
    }
}
