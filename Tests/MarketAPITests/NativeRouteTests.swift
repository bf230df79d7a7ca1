import MarketCore
import MarketWire
import ServiceKit
import Synchronization
import Testing

@testable import MarketAPI

@Suite struct NativeRouteTests {
    @Test func pricesOfManySymbols() async throws {
        try await APITestServer.with(symbols: ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD"]) { server in
            #expect(try await server.get("/prices").json()["prices"]?.elements?.isEmpty == true)
            for (symbol, price) in [("BTCUSDT", "67000.01"), ("kraken:BTC/USD", "67001.5")] {
                server.board.take(
                    try Sample.update(symbol, price: price, tradeID: 3), of: try Sample.instrument(symbol))
            }
            let all = try await server.get("/prices").json()["prices"]?.elements
            #expect(all?.map { $0["symbol"]?.text } == ["BTCUSDT", "kraken:BTC/USD"])
            let two = try await server.get("/price?symbols=kraken:BTC%2FUSD,btcusdt,BTCUSDT").json()["prices"]?.elements
            #expect(two?.map { $0["price"]?.text } == ["67001.5", "67000.01"])
            for (query, status) in [
                ("symbols=BTCUSDT,ETHUSDT", 404), ("symbols=BTCUSDT,NOBODY", 404), ("symbols=", 400),
                ("symbols=BTCUSDT,", 400), ("symbols=BTCUSDT&symbol=BTCUSDT", 400), ("symbols=A!", 400),
            ] {
                let answer = try await server.get("/price?\(query)")
                #expect(answer.status == status, "\(query): \(answer.text)")
            }
            server.board.feedInterrupted()
            #expect(try await server.get("/prices").json()["prices"]?.elements?.first?["live"]?.isTrue == false)
        }
    }

    @Test func theLastClosedCandleComesFromMemoryOnceItIsKnown() async throws {
        try await APITestServer.with { server in
            let bitcoin = try Sample.instrument("BTCUSDT")
            #expect(try await server.get("/candles/last").status == 404)
            server.history.store([try Sample.candle(1_000), try Sample.candle(1_010)])
            // Of what was heard this is the newest, and yet an amendment of long ago.
            server.board.takeClosed(try Sample.candle(1_000, revision: 2), of: bitcoin)
            #expect(try await server.get("/candles/last").json()["window_start"]?.integer == 1_010)
            server.history.fail(with: HistoryError(isTransient: true, description: "down"))
            #expect(try await server.get("/candles/last").json()["window_start"]?.integer == 1_010)
            server.board.takeClosed(try Sample.candle(1_020), of: bitcoin)
            server.board.takeClosed(try Sample.candle(1_010, revision: 2), of: bitcoin)
            #expect(try await server.get("/candles/last").json()["window_start"]?.integer == 1_020)
            server.board.takeClosed(try Sample.candle(1_020, revision: 2), of: bitcoin)
            #expect(try await server.get("/candles/last").json()["revision"]?.integer == 2)
            // Cut off: nobody knows whether another has closed.
            server.board.feedInterrupted()
            #expect(try await server.get("/candles/last").status == 503)
            #expect(try await server.get("/candles/last?interval=7s").status == 400)
        }
    }

    @Test func theSummaryIsOfTheLastDayOfTheMarket() async throws {
        let clock = TestClock()
        try await APITestServer.with(time: clock.source) { server in
            let end: Int64 = 1_700_000_455
            let open = try Sample.candle("BTCUSDT", .oneMinute, 1_700_000_400, isClosed: false, close: "70000")
            server.board.take(
                try Sample.update(
                    price: "70000", tradeID: 9, eventTimeMicros: end * 1_000_000, candles: [open]),
                of: try Sample.instrument("BTCUSDT"))
            let minutes = try stride(from: 1_699_900_020, to: open.windowStart, by: 60).map {
                try Sample.candle("BTCUSDT", .oneMinute, $0)
            }
            let hours = try stride(from: Int64(1_699_898_400), to: 1_700_000_400 / 3_600 * 3_600, by: 3_600).map {
                hour in
                try #require(Self.fold(minutes.filter { $0.windowStart / 3_600 == hour / 3_600 }, .oneHour, hour))
            }
            server.history.store(minutes + hours)
            let answer = try await server.get("/summary").json()
            let symbols = try #require(answer["symbols"]?.elements)
            let inDay = minutes.filter { $0.windowStart >= end - 86_400 } + [open]
            let expected = try #require(Self.fold(inDay, .oneDay, 0))
            let bitcoin = symbols[0]
            #expect(bitcoin["open"]?.text == expected.open.description)
            #expect(bitcoin["high"]?.text == expected.high.description)
            #expect(bitcoin["low"]?.text == expected.low.description)
            #expect(bitcoin["close"]?.text == "70000")
            #expect(bitcoin["volume"]?.text == expected.volume.description)
            #expect(bitcoin["quote_volume"]?.text == expected.quoteVolume.description)
            #expect(bitcoin["trade_count"]?.integer == expected.tradeCount)
            #expect(bitcoin["change"]?.text == Price(raw: 7_000_000_000_000 - expected.open.raw).description)
            #expect(symbols[1]["symbol"]?.text == "ETHUSDT" && symbols[1]["open"] == .null)
            #expect(symbols[1]["trade_count"]?.integer == 0)
            #expect(answer["time_us"]?.integer == end * 1_000_000)
            let one = try await server.get("/summary?symbols=ETHUSDT").json()["symbols"]?.elements
            #expect(one?.map { $0["symbol"]?.text } == ["ETHUSDT"])
            #expect(try await server.get("/summary?symbols=NOBODY").status == 404)
            // Kept for a moment, then read again.
            server.history.fail(with: HistoryError(isTransient: true, description: "down"))
            #expect(try await server.get("/summary").status == 200)
            clock.advance(millis: DaySummaries.maxAgeMicros / 1_000)
            #expect(try await server.get("/summary").status == 503)
        }
    }

    @Test func theConfigurationIsShownWithoutSecrets() async throws {
        let settings = Settings(["POSTGRES_URL": "postgresql://a:hidden@b/c", "REDIS_URL": "redis://:hidden@r"])
        let shown = settings.shownValues(APISettings.all)
        try await APITestServer.with(shownSettings: shown) { server in
            let answer = try await server.get("/config")
            #expect(!answer.text.contains("hidden"))
            let body = try answer.json()
            #expect(body["binance_symbol"]?.text == "btcusdt" && body["binance_interval"]?.text == "10s")
            #expect(body["settings"]?["POSTGRES_URL"]?.text == "***")
            #expect(body["settings"]?["RECENT_TRADES"]?.text == "1000")
        }
    }

    @Test func whoAsksTheSameAtTheSameTimeSharesOneRead() async throws {
        let reads = Mutex(0)
        let flight = SingleFlight<Int, Int>()
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let read: @Sendable () async throws(HistoryError) -> Int = {
            reads.withLock { $0 += 1 }
            for await _ in gate {}
            return 7
        }
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask { try await flight.value(of: 1, read) }
            }
            try await eventually("somebody reads") { reads.withLock { $0 } == 1 }
            opener.finish()
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(values == Array(repeating: 7, count: 20))
        let failure = HistoryError(isTransient: true, description: "down")
        await #expect(throws: failure) { try await flight.value(of: 1) { () throws(HistoryError) in throw failure } }
        #expect(reads.withLock { $0 } <= 20)
    }

    /// A candle as the processor would have made it of smaller ones.
    private static func fold(_ candles: [CandleRecord], _ interval: Interval, _ start: Int64) -> CandleRecord? {
        guard var result = candles.first, let last = candles.last else { return nil }
        result.interval = interval
        result.windowStart = start
        for candle in candles.dropFirst() {
            result.high = max(result.high, candle.high)
            result.low = min(result.low, candle.low)
            result.volume.raw += candle.volume.raw
            result.quoteVolume.raw += candle.quoteVolume.raw
            result.tradeCount += candle.tradeCount
        }
        result.close = last.close
        return result
    }
}
