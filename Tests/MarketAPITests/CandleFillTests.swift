import MarketCore
import MarketWire
import Testing

@testable import MarketAPI

/// Pages with a row for every window, against rows made one by one from the whole history.
@Suite struct CandleFillTests {
    private struct Row: Hashable {
        let windowStart: Int64
        let close: Price
        let tradeCount: Int64
        let isFilled: Bool
    }

    /// What the walk must give: every window of the range that has a candle or one before it.
    private func expected(
        _ candles: [CandleRecord], _ request: CandleRequest, open: CandleRecord?, filledTo: Int64?
    ) -> [Row] {
        var known = candles
        if let open, request.includeOpen, !known.contains(where: { $0.windowStart == open.windowStart }),
            request.range.contains(open.windowStart)
        {
            known.append(open)
        }
        let byStart = Dictionary(uniqueKeysWithValues: known.map { ($0.windowStart, $0) })
        guard let first = known.map(\.windowStart).min() else { return [] }
        let last = known.map(\.windowStart).filter { request.range.contains($0) }.max() ?? .min
        let bound = min(filledTo ?? .min, open?.windowStart ?? .max)
        var rows: [Row] = []
        var previous: CandleRecord?
        for start in stride(from: first, to: max(last, bound) + 10, by: 10) {
            let candle = byStart[start]
            if request.range.contains(start) {
                if let candle {
                    rows.append(
                        Row(windowStart: start, close: candle.close, tradeCount: candle.tradeCount, isFilled: false))
                } else if let previous, start < last || start < bound {
                    rows.append(Row(windowStart: start, close: previous.close, tradeCount: 0, isFilled: true))
                }
            }
            if let candle { previous = candle }
        }
        return rows
    }

    @Test func everyWalkGivesEachWindowOnce() async throws {
        let seed = SeededRandom.seed(for: "everyWalkGivesEachWindowOnce")
        var random = SeededRandom(seed: seed)
        for round in 0..<400 {
            let windows = (0..<Int.random(in: 0...60, using: &random)).compactMap { index in
                Int.random(in: 0..<3, using: &random) > 0 ? nil : 1_700_000_000 + Int64(index) * 10
            }
            let candles = try windows.map { try Sample.candle($0, close: "\($0 % 100_000).5") }
            let history = MemoryCandleRepository()
            history.store(candles)
            let openStart = (windows.last ?? 1_700_000_000) + 10 * Int64.random(in: 1...3, using: &random)
            let open = Bool.random(using: &random) ? try Sample.candle(openStart, isClosed: false) : nil
            let filledTo: Int64? =
                Bool.random(using: &random)
                ? (windows.last ?? 1_700_000_000) + 10 * Int64.random(in: -2...9, using: &random) : nil
            var request = CandleRequest(instrument: try Sample.instrument("BTCUSDT"), interval: .tenSeconds)
            request.fill = .previous
            request.limit = Int.random(in: 1...12, using: &random)
            request.includeOpen = Bool.random(using: &random)
            let times = [0, 1].map { _ in Int64.random(in: 1_699_999_960...1_700_000_700, using: &random) }.sorted()
            if Bool.random(using: &random) { request.start = times[0] }
            if Bool.random(using: &random) { request.end = times[1] }

            let wanted = expected(candles, request, open: open, filledTo: filledTo)
            var seen: [Row] = []
            var pages = 0
            repeat {
                let page = try await CandlePage.readFilled(request, from: history, open: open, filledTo: filledTo)
                let rows = page.candles.map {
                    Row(
                        windowStart: $0.windowStart, close: $0.close, tradeCount: $0.tradeCount,
                        isFilled: page.filled.contains($0.windowStart))
                }
                #expect(rows.count <= request.limit)
                seen = request.edge == .oldest ? seen + rows : rows + seen
                request.cursor = page.nextCursor
                pages += 1
            } while request.cursor != nil && pages < 1_000
            let isEqual = seen == wanted
            #expect(isEqual, "seed \(seed) round \(round): \(request) open \(openStart)")
        }
    }

    @Test func filledRowsAreFlatAndSaySo() async throws {
        try await APITestServer.with { server in
            server.history.store([
                try Sample.candle(1_700_000_000, close: "67000.5"), try Sample.candle(1_700_000_030, close: "67001"),
            ])
            let page = try await server.get("/candles?fill=previous&start=1700000005&end=1700000040").json()
            let rows = try #require(page["candles"]?.elements)
            #expect(rows.map { $0["window_start"]?.integer } == [1_700_000_010, 1_700_000_020, 1_700_000_030])
            #expect(rows.map { $0["filled"]?.isTrue } == [true, true, false])
            for row in rows.prefix(2) {
                for name in ["open", "high", "low", "close"] { #expect(row[name]?.text == "67000.5") }
                #expect(row["volume"]?.text == "0" && row["trade_count"]?.integer == 0)
                #expect(row["first_trade_id"] == .null && row["closed"]?.isTrue == true)
            }
            let none = try await server.get("/candles?fill=none&start=1700000005").json()
            #expect(none["candles"]?.elements?.count == 1)
            #expect(none["candles"]?.elements?.first?["filled"] == nil)
        }
    }

    /// Behind the newest candle windows are filled only when their time is over by the market's own time.
    @Test func theMarketsTimeDecidesHowFar() async throws {
        try await APITestServer.with { server in
            server.history.store([try Sample.candle(1_700_000_000)])
            func rows() async throws -> Int? {
                try await server.get("/candles?fill=previous&limit=1000").json()["candles"]?.elements?.count
            }
            #expect(try await rows() == 1)
            // Another symbol of the venue trades on.
            server.board.take(
                try Sample.update("ETHUSDT", price: "1", tradeID: 1, eventTimeMicros: 1_700_000_055_000_000),
                of: try Sample.instrument("ETHUSDT"))
            #expect(try await rows() == 4)
        }
    }
}
