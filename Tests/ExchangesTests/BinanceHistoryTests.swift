import MarketCore
import Synchronization
import TestServers
import Testing

@testable import Exchanges

/// Past trades of a venue that answers as a test wants, over real HTTP.
@Suite(.timeLimit(.minutes(1))) struct BinanceHistoryTests {
    private let instrument: Instrument

    init() throws { instrument = try Instrument(key: "BTCUSDT") }

    /// An exchange whose aggregates have one to three trades: the first ones are 1 | 2, 3 | 4, 5, 6 | 7.
    private struct Market {
        let aggregates: [ClosedRange<Int64>]

        init(_ count: Int) {
            var next: Int64 = 1
            aggregates = (0..<count).map { place in
                defer { next += Int64(place % 3) + 1 }
                return next...(next + Int64(place % 3))
            }
        }

        func answer(_ query: [String: String]) -> String {
            let limit = query["limit"].flatMap { Int($0) } ?? 500
            let first = query["fromId"].flatMap { Int($0) } ?? max(0, aggregates.count - limit)
            let rows = aggregates.indices.dropFirst(first).prefix(limit).map { id in
                let ids = aggregates[id]
                return #"{"a":\#(id),"p":"1","q":"1","f":\#(ids.lowerBound),"l":\#(ids.upperBound),"T":1,"m":true}"#
            }
            return "[\(rows.joined(separator: ","))]"
        }
    }

    private static func trades(_ query: [String: String], last: Int64) -> String {
        let from = query["fromId"].flatMap { Int64($0) } ?? 0
        let limit = query["limit"].flatMap { Int64($0) } ?? 500
        guard from <= last else { return "[]" }
        let rows = (from...min(last, from + limit - 1)).map {
            #"{"id":\#($0),"price":"1","qty":"1","quoteQty":"1","time":1,"isBuyerMaker":true,"isBestMatch":true}"#
        }
        return "[\(rows.joined(separator: ","))]"
    }

    @Test func singleTradesPageByPage() async throws {
        let asked = Mutex<[[String: String]]>([])
        try await ScriptedVenue.with(answer: { name, query in
            asked.withLock { $0.append(query) }
            return name == "historicalTrades" ? (200, [:], Self.trades(query, last: 5_000)) : (404, [:], "")
        }) { venue in
            let history = BinanceHistory(venue.rest(), prefersAggregates: false, wallMicros: { 7 })
            let first = try await history.page(of: instrument, 101...1_500)
            #expect(first.trades.map(\.tradeID) == Array(101...1_100) && first.through == 1_100)
            let second = try await history.page(of: instrument, 1_101...1_500)
            #expect(second.trades.map(\.tradeID) == Array(1_101...1_500) && second.through == 1_500)
            let tail = try await history.page(of: instrument, 4_999...Int64.max)
            #expect(tail.trades.map(\.tradeID) == [4_999, 5_000] && tail.through == 5_000)
            let nothing = try await history.page(of: instrument, 5_001...Int64.max)
            #expect(nothing == HistoryPage())
        }
        let limits = asked.withLock { $0.map { $0["limit"] } }
        #expect(limits == ["1000", "400", "1000", "1000"])
    }

    /// Beside a live feed of aggregates: the same trades in the same form, and single ones only where an aggregate is
    /// not wanted whole.
    @Test func aggregatesWhereTheyAreThePreferredForm() async throws {
        let market = Market(50)
        try await ScriptedVenue.with(answer: { name, query in
            (200, [:], name == "aggTrades" ? market.answer(query) : Self.trades(query, last: 99))
        }) { venue in
            let history = BinanceHistory(venue.rest(), prefersAggregates: true, wallMicros: { 7 })
            // 1 | 2, 3 | 4, 5, 6 | 7
            let whole = try await history.page(of: instrument, 2...7)
            #expect(whole.trades.map(\.tradeID) == [3, 6, 7] && whole.trades.map(\.tradeCount) == [2, 3, 1])
            #expect(whole.through == 7 && whole.unavailable.isEmpty)
            let parts = try await history.page(of: instrument, 3...5)
            #expect(parts.trades.map(\.tradeID) == [3, 4, 5] && parts.trades.allSatisfy { $0.tradeCount == 1 })
            #expect(parts.through == 5 && parts.unavailable.isEmpty)
        }
    }

    /// Where single trades are not offered, what is wanted is found among aggregates, wherever it lies.
    @Test(arguments: [1, 4, 7, 2_501, 7_777, 9_990] as [Int64])
    func aggregatesWhereSingleTradesAreNotOffered(_ first: Int64) async throws {
        let market = Market(5_000)
        let questions = Mutex(0)
        try await ScriptedVenue.with(answer: { name, query in
            questions.withLock { $0 += 1 }
            return name == "aggTrades" ? (200, [:], market.answer(query)) : (404, [:], "<html>no such page")
        }) { venue in
            let history = BinanceHistory(venue.rest(), prefersAggregates: false, wallMicros: { 7 })
            var next = first
            var known: Set<Int64> = []
            let last = min(first + 3_000, 9_999)
            while next <= last {
                let page = try await history.page(of: instrument, next...last)
                for trade in page.trades {
                    known.formUnion(trade.tradeID - trade.tradeCount + 1...trade.tradeID)
                }
                for gap in page.unavailable {
                    #expect(gap.reason.contains("aggregate"))
                    known.formUnion(gap.tradeIDs)
                }
                next = try #require(page.through) + 1
            }
            #expect(known == Set(first...last))
        }
        #expect(questions.withLock { $0 } < 25)
    }

    @Test func aRefusalSaysHowLongAndIsHeeded() async throws {
        let clock = Mutex<Int64>(0)
        let questions = Mutex(0)
        try await ScriptedVenue.with(answer: { _, query in
            let count = questions.withLock { count in
                count += 1
                return count
            }
            guard count > 1 else {
                return (429, ["Retry-After": "30"], #"{"code":-1003,"msg":"Too many requests."}"#)
            }
            return (200, ["X-MBX-USED-WEIGHT-1M": "25"], Self.trades(query, last: 10))
        }) { venue in
            let rest = BinanceREST(
                url: "http://127.0.0.1:\(venue.port)", authoritiesPath: nil, weightLimit: 6_000,
                wallMicros: { clock.withLock { $0 } }, monotonicMicros: { clock.withLock { $0 } })
            let history = BinanceHistory(rest, prefersAggregates: false, wallMicros: { 7 })
            let error = await #expect(throws: VenueError.self) { try await history.page(of: instrument, 1...5) }
            #expect(error?.code == .tooManyRequests && error?.message.contains("30 s") == true)
            // Until then nothing is asked.
            let waiting = Task { try await history.page(of: instrument, 1...5) }
            clock.withLock { $0 = 29_990_000 }
            try await Task.sleep(for: .milliseconds(100))
            #expect(questions.withLock { $0 } == 1)
            waiting.cancel()
            clock.withLock { $0 = 30_000_000 }
            let page = try await history.page(of: instrument, 1...5)
            #expect(page.trades.count == 5)
        }
    }

    @Test func whereItMayNotBeUsedThePlaceThatMayIsNamed() async throws {
        try await ScriptedVenue.with(answer: { _, _ in (451, [:], "{}") }) { venue in
            let history = BinanceHistory(venue.rest(), prefersAggregates: false, wallMicros: { 7 })
            let error = await #expect(throws: VenueError.self) { try await history.page(of: instrument, 1...5) }
            #expect(error?.code == .notOffered && error?.message.contains("data-api.binance.vision") == true)
        }
    }

    @Test func anOutageIsNoReasonToGiveUpSingleTrades() async throws {
        let questions = Mutex<[String]>([])
        try await ScriptedVenue.with(answer: { name, query in
            let count = questions.withLock { questions in
                questions.append(name)
                return questions.count
            }
            return count == 1 ? (502, [:], "<html>bad gateway") : (200, [:], Self.trades(query, last: 10))
        }) { venue in
            let history = BinanceHistory(venue.rest(), prefersAggregates: false, wallMicros: { 7 })
            let error = await #expect(throws: VenueError.self) { try await history.page(of: instrument, 1...5) }
            #expect(error?.code == .unreachable)
            let page = try await history.page(of: instrument, 1...5)
            #expect(page.trades.count == 5)
        }
        #expect(questions.withLock { $0 } == ["historicalTrades", "historicalTrades"])
    }

    @Test func theBudgetOfAMinuteIsKept() async throws {
        let clock = Mutex<Int64>(59_900_000)
        let budget = RequestBudget(
            limit: 100, wallMicros: { clock.withLock { $0 } }, monotonicMicros: { clock.withLock { $0 } })
        for _ in 0..<4 { try await budget.take(25) }
        let fifth = Task { try await budget.take(25) }
        // It sleeps for the rest of the minute, and looks again.
        clock.withLock { $0 = 60_000_000 }
        try await fifth.value
        // The server knows of others at this address.
        await budget.answered(usedWeight: 90)
        let sixth = Task { try await budget.take(25) }
        sixth.cancel()
        await #expect(throws: CancellationError.self) { try await sixth.value }
    }
}
