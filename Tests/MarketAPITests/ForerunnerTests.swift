import MarketCore
import MarketWire
import ServiceKit
import Testing
import WebSockets

@testable import MarketAPI

/// The paths that users of earlier projects know.
@Suite struct ForerunnerTests {
    private static let minute: Int64 = 1_700_000_040

    /// Minutes with gaps, and a market that has gone on for two more.
    private func fill(_ server: APITestServer) throws {
        let bitcoin = try Sample.instrument("BTCUSDT")
        server.history.store(
            try [0, 1, 2, 5, 6].map {
                try Sample.candle("BTCUSDT", .oneMinute, Self.minute + $0 * 60, close: "6700\($0)")
            })
        server.board.take(
            try Sample.update(
                price: "67010.5", tradeID: 77, eventTimeMicros: (Self.minute + 500) * 1_000_000 + 250_000),
            of: bitcoin)
    }

    @Test func pairsHaveStableNumbers() async throws {
        try await APITestServer.with(symbols: ["ETHUSDT", "BTCUSDT"]) { server in
            let pairs = try #require(try await server.get("/api/pairs/").json().elements)
            #expect(pairs.map { $0["id"]?.integer } == [1, 2])
            #expect(pairs.map { $0["symbol"]?.text } == ["BTCUSDT", "ETHUSDT"])
            #expect(pairs[0]["created_at"]?.text == "2023-11-14T22:13:20Z")
            // One that comes later gets the next number, whatever its name.
            server.board.take([InstrumentInfo(instrument: try Sample.instrument("ADAUSDT"))])
            #expect(try await server.get("/api/pairs/3/").json()["symbol"]?.text == "ADAUSDT")
            #expect(try await server.get("/api/pairs/1").json()["symbol"]?.text == "BTCUSDT")
            for path in ["/api/pairs/4/", "/api/pairs/BTCUSDT/", "/api/pairs/-1/", "/api/pairs/0/latest_price/"] {
                #expect(try await server.get(path).status == 404, "\(path)")
            }
            #expect(try await server.send("POST", "/api/pairs/1/").headers["allow"] == "GET, HEAD, OPTIONS")
        }
    }

    @Test func theLatestPriceHasItsTrade() async throws {
        let tail = TradeTail()
        try await APITestServer.with(trades: tail) { server in
            #expect(try await server.get("/api/pairs/1/latest_price/").status == 404)
            try fill(server)
            let alone = try await server.get("/api/pairs/1/latest_price/").json()
            #expect(alone["symbol"]?.text == "BTCUSDT" && alone["price"]?.text == "67010.5")
            #expect(alone["timestamp"]?.text == "2023-11-14T22:22:20.250000Z")
            #expect(alone["trade_id"]?.integer == 77 && alone["quantity"] == .null)
            tail.take(try Sample.trade(77), isNew: true)
            let whole = try await server.get("/api/pairs/1/latest_price/").json()
            #expect(whole["quantity"]?.text == "0.001" && whole["is_buyer_maker"]?.isTrue == true)
            #expect(whole["buyer_order_id"] == .null)
        }
    }

    @Test func historyIsThePricesAtTheEndOfEachInterval() async throws {
        try await APITestServer.with { server in
            try fill(server)
            let rows = try #require(try await server.get("/api/history/btcusdt/").json().elements)
            #expect(rows.map { $0["price"]?.text } == ["67006", "67005", "67002", "67001", "67000"])
            #expect(rows.map { $0["timestamp"]?.text }.first == "2023-11-14T22:21:00Z")
            func times(_ query: String) async throws -> [String] {
                let answer = try await server.get("/api/history/BTCUSDT/?\(query)")
                return try answer.json().elements?.compactMap { $0["timestamp"]?.text } ?? []
            }
            #expect(try await times("limit=2") == ["2023-11-14T22:21:00Z", "2023-11-14T22:20:00Z"])
            // Both bounds are included, in any zone and form.
            for query in [
                "start_time=2023-11-14T22:16:00Z&end_time=2023-11-14T22:20:00Z",
                "start_time=2023-11-14T23:16:00%2B01:00&end_time=2023-11-14T22:20",
                "start_time=2023-11-14%2022:15:00.000001&end_time=2023-11-14T17:20:59.9-0500",
            ] {
                #expect(
                    try await times(query) == [
                        "2023-11-14T22:20:00Z", "2023-11-14T22:17:00Z", "2023-11-14T22:16:00Z",
                    ], "\(query)")
            }
            #expect(try await times("end_time=2023-11-14").isEmpty)
            for query in [
                "limit=0", "limit=1001", "start_time=yesterday", "start_time=1700000000", "end_time=2023-02-29",
                "start_time=2023-11-15&end_time=2023-11-14", "start=1",
            ] {
                let answer = try await server.get("/api/history/BTCUSDT/?\(query)")
                #expect(answer.status == 400 && answer.text.contains("detail"), "\(query)")
            }
            #expect(try await server.get("/api/history/NOBODY/").status == 404)
            #expect(try await server.get("/api/history/a%20b/").status == 400)
        }
    }

    @Test func anyMultipleOfACandleCanBeTheInterval() async throws {
        try await APITestServer.with(configure: { $0.dataSaveSeconds = 30 }) { server in
            // Stretches of 30 s: two whole, an empty one, one whose last candle is missing, one that is still open.
            let starts: [Int64] = [0, 10, 20, 30, 50, 90, 100, 120, 130]
            server.history.store(
                try starts.map { try Sample.candle(1_700_000_010 + $0, close: "\(100 + $0)") })
            server.board.take(
                try Sample.update(price: "1", tradeID: 1, eventTimeMicros: 1_700_000_155_000_000),
                of: try Sample.instrument("BTCUSDT"))
            let rows = try #require(try await server.get("/api/history/BTCUSDT/").json().elements)
            #expect(rows.map { $0["price"]?.text } == ["200", "150", "120"])
        }
        #expect(SavedPrices.interval(for: 60, among: Interval.allCases) == .oneMinute)
        #expect(SavedPrices.interval(for: 90, among: Interval.allCases) == .tenSeconds)
        #expect(SavedPrices.interval(for: 3_600, among: [.tenSeconds]) == nil)
        #expect(SavedPrices.interval(for: 65, among: Interval.allCases) == nil)
    }

    @Test func theSummaryMatchesBeforeASymbol() async throws {
        try await APITestServer.with(symbols: ["BTCUSDT", "ETHUSDT", "SUMMARY"]) { server in
            try fill(server)
            let dayBefore = Self.minute - 86_400
            server.history.store([
                try Sample.candle("BTCUSDT", .oneMinute, dayBefore - 600, close: "60000"),
                try Sample.candle("BTCUSDT", .oneMinute, dayBefore + 1_200, close: "61000"),
            ])
            let rows = try #require(try await server.get("/api/history/summary/").json().elements)
            #expect(rows.map { $0["symbol"]?.text } == ["BTCUSDT"])
            #expect(rows[0]["current_price"]?.text == "67010.5")
            #expect(rows[0]["last_update"]?.text == "2023-11-14T22:22:20.250000Z")
            #expect(rows[0]["price_change_24h"]?.text == "7010.5")
            #expect(rows[0]["price_change_percent_24h"] == .number("11.68"))
        }
    }

    @Test func aSessionGetsPricesAndHistory() async throws {
        try await APITestServer.with { server in
            try fill(server)
            for (round, path) in ["/ws/crypto/btcusdt/", "/ws/crypto/BTCUSDT"].enumerated() {
                let price = server.board.quote(try Sample.instrument("BTCUSDT"))?.price.description
                let session = try await server.webSocket(path)
                let heard = Heard()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await heard.listen(to: session) }
                    try await eventually("the price comes at once") { !heard.all("price_update").isEmpty }
                    #expect(heard.all[0]["symbol"]?.text == "BTCUSDT" && heard.all[0]["price"]?.text == price)
                    try await session.send(.text("{\"type\":\"history\",\"limit\":2}"))
                    try await session.send(.text("{\"type\":\"history\",\"limit\":0}"))
                    try await session.send(.text("nonsense"))
                    try await eventually("three answers") {
                        heard.all("history").count == 1 && heard.all("error").count == 2
                    }
                    let data = heard.all("history")[0]["data"]?.elements
                    #expect(data?.map { $0["price"]?.text } == ["67006", "67005"])
                    let id = 100 + Int64(round)
                    server.board.take(
                        try Sample.update(
                            price: "67011", tradeID: id, eventTimeMicros: (Self.minute + 501) * 1_000_000 + id),
                        of: try Sample.instrument("BTCUSDT"))
                    try await eventually("the next price") {
                        heard.all("price_update").last?["trade_id"]?.integer == id
                    }
                    await session.close()
                    try await group.waitForAll()
                }
            }
            #expect(try await server.get("/ws/crypto/BTCUSDT/").status == 426)
            #expect(try await server.get("/ws/crypto/NOBODY/").status == 404)
            await #expect(throws: (any Error).self) { _ = try await server.webSocket("/ws/crypto/NOBODY/") }
        }
    }

    @Test func symbolsWithSlashesAreEncodedInPaths() async throws {
        try await APITestServer.with(symbols: ["kraken:BTC/USD"]) { server in
            server.history.store([try Sample.candle("kraken:BTC/USD", .oneMinute, Self.minute)])
            server.board.take(
                try Sample.update(
                    "kraken:BTC/USD", price: "5", tradeID: 1, eventTimeMicros: (Self.minute + 100) * 1_000_000),
                of: try Sample.instrument("kraken:BTC/USD"))
            let rows = try await server.get("/api/history/kraken:BTC%2FUSD/").json().elements
            #expect(rows?.count == 1)
            let session = try await server.webSocket("/ws/crypto/kraken:BTC%2FUSD/")
            await session.close()
        }
    }
}

@Suite struct ISOTimeTests {
    @Test func textsAreReadBack() {
        var random = SeededRandom(seed: SeededRandom.seed(for: "textsAreReadBack"))
        for _ in 0..<2_000 {
            let micros = Int64.random(in: 0..<7_258_118_400_000_000, using: &random)
            #expect(ISOTime.micros(ISOTime.text(micros: micros)) == micros)
        }
    }

    /// Figures from `date -u -d @N`.
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (7_258_118_399, "2199-12-31T23:59:59Z"),
    ])
    func knownTimes(_ seconds: Int64, _ text: String) {
        #expect(ISOTime.text(micros: seconds * 1_000_000) == text)
        #expect(ISOTime.micros(text) == seconds * 1_000_000)
    }

    @Test(arguments: [
        "", "2024", "2024-13-01", "2023-02-29", "2024-01-01T", "2024-01-01T24:00", "2024-01-01T12:60",
        "2024-01-01T12:00:60", "2024-01-01T12:00:00.", "2024-01-01T12:00:00+", "2024-01-01T12:00:00Zx", "1969-12-31",
        "2200-01-01", "2024-01-01x", "２024-01-01", "2024-01-01T12:00:00+99:00",
    ])
    func whatIsNoTimeIsRefused(_ text: String) { #expect(ISOTime.micros(text) == nil) }
}
