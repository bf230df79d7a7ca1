import MarketCore
import MarketWire
import Testing

@testable import MarketAPI

/// Walks over pages: whatever the range, the limit and the gaps, each candle comes once and in order.
@Suite struct CandlePageTests {
    private func request(_ random: inout SeededRandom, _ windows: [Int64]) throws -> CandleRequest {
        var request = CandleRequest(instrument: try Sample.instrument("BTCUSDT"), interval: .tenSeconds)
        let lowest = (windows.first ?? 1_000) - 30
        let highest = (windows.last ?? 1_000) + 30
        func time() -> Int64 { Int64.random(in: lowest...highest, using: &random) }
        if Bool.random(using: &random) { request.start = time() }
        if Bool.random(using: &random) { request.end = time() }
        if let start = request.start, let end = request.end, start > end {
            request.start = end
            request.end = start
        }
        request.limit = Int.random(in: 1...17, using: &random)
        request.includeOpen = Bool.random(using: &random)
        return request
    }

    @Test func everyWalkGivesEachCandleOnce() async throws {
        let seed = SeededRandom.seed(for: "everyWalkGivesEachCandleOnce")
        var random = SeededRandom(seed: seed)
        for round in 0..<150 {
            let windows = (0..<Int.random(in: 0...90, using: &random)).compactMap { index in
                Int.random(in: 0..<4, using: &random) == 0 ? nil : 1_700_000_000 + Int64(index) * 10
            }
            let history = MemoryCandleRepository()
            history.store(try windows.map { try Sample.candle($0) })
            // The open window lies behind the closed ones, or it is one that has closed meanwhile.
            let openStart = Bool.random(using: &random) ? windows.last : (windows.last ?? 1_700_000_000) + 10
            let open = try openStart.map { try Sample.candle($0, isClosed: false) }
            var request = try request(&random, windows)
            var seen: [Int64] = []
            var pages = 0
            repeat {
                let page = try await CandlePage.read(request, from: history, open: open)
                let starts = page.candles.map(\.windowStart)
                #expect(starts == starts.sorted() && starts.count <= request.limit, "seed \(seed) round \(round)")
                seen = request.edge == .oldest ? seen + starts : starts + seen
                request.cursor = try page.nextCursor.map { try #require(CandleCursor($0.description)) }
                pages += 1
            } while request.cursor != nil && pages < 1_000
            var expected = windows
            if let open, request.includeOpen, !windows.contains(open.windowStart) { expected.append(open.windowStart) }
            expected = expected.filter { $0 >= request.start ?? 0 && $0 < request.end ?? .max }
            #expect(seen == expected, "seed \(seed) round \(round)")
        }
    }

    @Test func theRangeDecidesTheEdge() async throws {
        let history = MemoryCandleRepository()
        history.store(try (0..<10).map { try Sample.candle(1_000 + $0 * 10) })
        func starts(_ start: Int64?, _ end: Int64?) async throws -> [Int64] {
            var request = CandleRequest(instrument: try Sample.instrument("BTCUSDT"), interval: .tenSeconds)
            request.limit = 3
            request.start = start
            request.end = end
            return try await CandlePage.read(request, from: history, open: nil).candles.map(\.windowStart)
        }
        #expect(try await starts(nil, nil) == [1_070, 1_080, 1_090])
        #expect(try await starts(1_020, nil) == [1_020, 1_030, 1_040])
        #expect(try await starts(1_021, nil) == [1_030, 1_040, 1_050])
        #expect(try await starts(nil, 1_050) == [1_020, 1_030, 1_040])
        #expect(try await starts(1_010, 1_030) == [1_010, 1_020])
        #expect(try await starts(1_010, 1_010).isEmpty)
        #expect(try await starts(2_000, nil).isEmpty)
    }

    @Test func aStoredCandleIsTruerThanTheOpenOne() async throws {
        let history = MemoryCandleRepository()
        history.store([try Sample.candle(1_000, revision: 2)])
        var request = CandleRequest(instrument: try Sample.instrument("BTCUSDT"), interval: .tenSeconds)
        request.includeOpen = true
        let page = try await CandlePage.read(request, from: history, open: try Sample.candle(1_000, isClosed: false))
        #expect(page.candles.map(\.isClosed) == [true])
    }

    @Test(arguments: [
        "", "f", "f.1", "f.1.10s", "x.1.10s.BTCUSDT", "f.-1.10s.BTCUSDT", "f.1.7s.BTCUSDT", "f.9999999999999.10s.A",
    ])
    func whatIsNoCursorIsRefused(_ text: String) { #expect(CandleCursor(text) == nil) }

    @Test func aCursorKeepsSymbolsWithDots() throws {
        let cursor = CandleCursor(direction: .backward, position: 5, interval: .oneDay, symbol: "kraken:A.B/C")
        #expect(CandleCursor(cursor.description) == cursor)
    }
}
