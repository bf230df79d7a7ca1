import MarketCore
import ServiceKit
import Testing

@testable import MarketAPI

@Suite struct TradeTapeTests {
    /// Whatever the order of arrival, the tape is the newest trades of a plain set of them.
    @Test func anyOrderOfArrivalGivesTheNewest() throws {
        var random = SeededRandom(seed: SeededRandom.seed(for: "anyOrderOfArrivalGivesTheNewest"))
        for _ in 0..<200 {
            let limit = Int.random(in: 1...40, using: &random)
            let ids = (0..<Int64.random(in: 1...120, using: &random)).shuffled(using: &random)
            // Two producers: each trade twice.
            let arrivals = (ids + ids.shuffled(using: &random)).shuffled(using: &random)
            var tape = TradeTape()
            var seen: Set<Int64> = []
            for id in arrivals {
                let outcome = tape.add(try Sample.trade(id), limit: limit)
                #expect(outcome != .refused)
                seen.insert(id)
                let expected = Array(seen.sorted().suffix(limit))
                let kept = tape.newest(limit).map(\.tradeID)
                // A trade that was dropped and comes again is old: what is kept never gets older.
                #expect(kept == expected && tape.count == expected.count)
            }
        }
    }

    @Test func overlappingAggregatesAreKnown() throws {
        var tape = TradeTape()
        let first = tape.add(try Sample.trade(10, count: 4, aggregate: 3), limit: 10)
        #expect(first == .added)
        for (id, count) in [(10, 1), (7, 1), (8, 2), (12, 3), (8, 5), (12, 9)] as [(Int64, Int64)] {
            let outcome = tape.add(try Sample.trade(id, count: count), limit: 10)
            #expect(outcome == .known, "\(id) \(count)")
        }
        for (id, count) in [(6, 1), (12, 2), (5, 3)] as [(Int64, Int64)] {
            let outcome = tape.add(try Sample.trade(id, count: count), limit: 10)
            #expect(outcome == .added, "\(id) \(count)")
        }
        #expect(tape.newest(10).map(\.tradeID) == [5, 6, 10, 12])
        #expect(tape.newest(10)[2].aggregateID == 3)
        #expect(tape.page(fromID: 8, limit: 2).map(\.tradeID) == [10, 12])
        #expect(tape.page(fromID: 13, limit: 2).isEmpty && tape.page(fromID: 0, limit: 1).map(\.tradeID) == [5])
        #expect(tape.newest(0).isEmpty)
    }

    @Test func aTapeOutlivesARogueNumber() throws {
        var tape = TradeTape()
        let rogue = tape.add(try Sample.trade(9_000_000_000, seconds: 0), limit: 100)
        #expect(rogue == .added)
        for id in Int64(1)...20 {
            let outcome = tape.add(try Sample.trade(id, seconds: 100 + id), limit: 100)
            #expect(outcome == (id < Int64(TradeTape.refusalsInARow) ? .refused : .added))
        }
        let later = tape.add(try Sample.trade(9_000_000_001, seconds: 130), limit: 100)
        #expect(later == .refused)
        #expect(tape.newest(100).map(\.tradeID) == [16, 17, 18, 19, 20])
    }
}

@Suite struct TradeTailTests {
    @Test func allInstrumentsTogetherAreBounded() throws {
        let tail = TradeTail(bounds: .init(perInstrument: 50, total: 100))
        let symbols = ["A", "B", "C", "D", "E"]
        for id in Int64(0)..<200 {
            for symbol in symbols { tail.take(try Sample.trade(id, symbol: symbol), isNew: true) }
        }
        for symbol in symbols {
            let kept = tail.newest(try Sample.instrument(symbol), limit: 1_000).map(\.tradeID)
            #expect(kept == Array(180..<200))
        }
        tail.restart(try Sample.instrument("A"))
        #expect(tail.newest(try Sample.instrument("A"), limit: 10).isEmpty)
    }

    @Test func listenersHearOfEachTradeOnceAndOfGaps() throws {
        let tail = TradeTail()
        tail.take(try Sample.trade(1), isNew: false)
        let recorder = tail.record()
        let arrivals = try ([1, 2, 2, 4, 3] as [Int64]).map { id in
            TradeTail.Arrival(trade: try Sample.trade(id), isNew: true)
        }
        #expect(tail.take(arrivals) == [.added: 3, .known: 2])
        tail.take(try Sample.trade(9, symbol: "ETHUSDT"), isNew: true)
        tail.take(try Sample.trade(10, symbol: "ETHUSDT"), isNew: false)
        #expect(recorder.ids == [2, 4, 3, 9] && !recorder.hasGap)
        tail.noteGap()
        #expect(recorder.hasGap)
    }

    @Test func aListenerThatIsGoneIsToldNothing() throws {
        let tail = TradeTail()
        weak var gone: TradeRecorder?
        do {
            let recorder = tail.record()
            gone = recorder
            tail.take(try Sample.trade(1), isNew: true)
            #expect(recorder.ids == [1])
        }
        #expect(gone == nil)
        tail.take(try Sample.trade(2), isNew: true)
    }

    @Test func recentTradesAreAnsweredFromMemory() async throws {
        let tail = TradeTail()
        try await APITestServer.with(trades: tail) { server in
            #expect(try await server.get("/trades/recent").status == 503)
            tail.set(.following)
            #expect(try await server.get("/trades/recent").json()["trades"]?.elements?.isEmpty == true)
            for id in Int64(1)...60 { tail.take(try Sample.trade(id), isNew: true) }
            tail.take(try Sample.trade(65, count: 5, aggregate: 7), isNew: true)
            let answer = try await server.get("/trades/recent?limit=3").json()
            let trades = try #require(answer["trades"]?.elements)
            #expect(trades.map { $0["trade_id"]?.integer } == [59, 60, 65])
            #expect(trades[2]["trade_count"]?.integer == 5 && trades[2]["aggregate_id"]?.integer == 7)
            #expect(trades[0]["aggregate_id"] == .null && trades[0]["price"] == .string("67000.59"))
            #expect(try await server.get("/trades/recent").json()["trades"]?.elements?.count == 50)
            for query in ["limit=0", "limit=1001", "symbol=BTC%20USDT", "from=1"] {
                #expect(try await server.get("/trades/recent?\(query)").status == 400, "\(query)")
            }
            #expect(try await server.get("/trades/recent?symbol=NOBODY").status == 404)
            tail.set(.interrupted)
            #expect(try await server.get("/trades/recent").json()["live"]?.isTrue == false)
            #expect(try await server.get("/trades/recent?symbol=ETHUSDT").status == 503)
        }
    }
}
