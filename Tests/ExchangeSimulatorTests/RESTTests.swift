import Exchanges
import MarketWire
import Testing

@testable import ExchangeSimulator

/// Binance's REST interface, from the running service.
@Suite(.timeLimit(.minutes(3))) struct RESTTests {
    private static let now: Int64 = 1_700_000_000_123_000
    private static let market = ["SYMBOLS": "BTCUSDT,ETHUSDT", "SIMULATOR_RATE": "200", "SIMULATOR_SEED": "7"]

    private func with(
        _ values: [String: String] = [:], clock: ManualClock = ManualClock(now),
        _ body: (SimulatorServer) async throws -> Void
    ) async throws {
        try await SimulatorServer.with(Self.market.merging(values) { $1 }, time: clock.source, body)
    }

    @Test func pingTimeAndInfo() async throws {
        try await with { server in
            #expect(try await server.get("/api/v3/ping").text == "{}")
            #expect(try await server.get("/api/v3/time").text == #"{"serverTime":1700000000123}"#)
            let micros = try await server.get("/api/v3/time", headers: ["X-MBX-TIME-UNIT": "MICROSECOND"])
            #expect(micros.text == #"{"serverTime":1700000000123000}"#)
            let info = try await server.get("/api/v3/exchangeInfo").json()
            #expect(info["symbols"]?.elements?.compactMap { $0["symbol"]?.text } == ["BTCUSDT", "ETHUSDT"])
            let symbol = try #require(info["symbols"]?[0])
            #expect(symbol["status"]?.text == "TRADING" && symbol["baseAsset"]?.text == "BTC")
            #expect(symbol["filters"]?.elements?.compactMap { $0["filterType"]?.text } == ["PRICE_FILTER", "LOT_SIZE"])
            #expect(info["rateLimits"]?[0]?["limit"]?.integer == 6_000)
            let one = try await server.get("/api/v3/exchangeInfo?symbol=ETHUSDT").json()
            #expect(one["symbols"]?.elements?.count == 1)
            let both = try await server.get("/api/v3/exchangeInfo?symbols=%5B%22ETHUSDT%22,%22BTCUSDT%22%5D").json()
            #expect(both["symbols"]?.elements?.compactMap { $0["symbol"]?.text } == ["ETHUSDT", "BTCUSDT"])
        }
    }

    @Test func tradesByIDAreTheSameHoweverTheyAreAsked() async throws {
        try await with { server in
            let newest = try await server.rows("/api/v3/trades?symbol=BTCUSDT&limit=1000")
            #expect(newest.count == 1_000)
            let ids = newest.integers("id")
            #expect(ids == Array(ids[0]...ids[999]))
            #expect(newest.integers("time").allSatisfy { $0 <= Self.now / 1_000 })
            #expect(
                newest.first?.members?.map(\.name) == [
                    "id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isBestMatch",
                ])
            let some = try await server.rows("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=\(ids[100])&limit=50")
            #expect(some == Array(newest[100..<150]))
            // An id of years ago, and one that is not there yet.
            let old = try await server.rows("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=0&limit=2")
            #expect(old.integers("id") == [0, 1])
            #expect(try await server.rows("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=\(ids[999] + 1)").isEmpty)
            let standard = try await server.rows("/api/v3/trades?symbol=BTCUSDT")
            #expect(standard == Array(newest[500...]))
        }
    }

    @Test func aggregatesHoldTheTradesOfTheirIDs() async throws {
        try await with { server in
            let aggregates = try await server.rows("/api/v3/aggTrades?symbol=BTCUSDT&limit=100")
            #expect(aggregates.count == 100)
            let ids = aggregates.integers("a")
            #expect(ids == Array(ids[0]...ids[99]))
            var next = aggregates.integers("f")[0]
            for aggregate in aggregates {
                #expect(aggregate["f"]?.integer == next, "no trade between two aggregates")
                next = (aggregate["l"]?.integer ?? 0) + 1
            }
            let first = aggregates.integers("f")[0]
            let trades = try await server.rows(
                "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=\(first)&limit=\(next - first)")
            var place = 0
            for aggregate in aggregates {
                let count = Int((aggregate["l"]?.integer ?? 0) - (aggregate["f"]?.integer ?? 0) + 1)
                let parts = trades[place..<place + count]
                #expect(parts.allSatisfy { $0["price"] == aggregate["p"] && $0["time"] == aggregate["T"] })
                place += count
            }
            let times = aggregates.integers("T")
            let between = try await server.rows(
                "/api/v3/aggTrades?symbol=BTCUSDT&startTime=\(times[10])&endTime=\(times[20])&limit=1000")
            #expect(
                between == aggregates.filter { ($0["T"]?.integer).map { (times[10]...times[20]).contains($0) } == true }
            )
            let from = try await server.rows("/api/v3/aggTrades?symbol=BTCUSDT&fromId=\(ids[5])&limit=3")
            #expect(from == Array(aggregates[5..<8]))
        }
    }

    @Test func klinesAreTheTradesFolded() async throws {
        try await with { server in
            let rows = try await server.rows("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=3")
            #expect(rows.count == 3)
            #expect(rows.allSatisfy { $0.elements?.count == 12 })
            let starts = rows.compactMap { $0[0]?.integer }
            #expect(starts[2] == Self.now / 60_000_000 * 60_000 && starts[1] == starts[2] - 60_000)
            #expect(rows.compactMap { $0[6]?.integer } == starts.map { $0 + 59_999 })
            // The present one reaches to now.
            let open = try #require(rows.last?[5]?.text)
            #expect(open != "0.00000000")
            // Millions of trades are not folded for one request: it says so, in Binance's words.
            let busy = try await server.get("/api/v3/klines?symbol=BTCUSDT&interval=1w&limit=1")
            #expect(busy.status == 503)
            #expect(try busy.json()["code"]?.integer == -1_008)
        }
        try await with(["SIMULATOR_RATE": "1"]) { server in
            // As python-binance asks for the first one ever.
            let first = try await server.rows("/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=1&startTime=0")
            #expect(first.count == 1 && first[0][0]?.integer == 1_499_990_400_000)
            for interval in BinanceInterval.allCases
            where ![.tenSeconds, .threeDays, .oneWeek, .oneMonth].contains(interval) {
                let rows = try await server.rows("/api/v3/klines?symbol=BTCUSDT&interval=\(interval.rawValue)&limit=2")
                #expect(rows.count == 2 && rows[0][6]?.integer.map { $0 + 1 } == rows[1][0]?.integer, "\(interval)")
            }
        }
    }

    static let refusals: [(String, Int, Int)] = [
        ("trades", 400, -1102), ("trades?symbol=", 400, -1105), ("trades?symbol=NOSUCH", 400, -1121),
        ("trades?symbol=btcusdt", 400, -1100), ("trades?symbol=BTC%2FUSDT", 400, -1100),
        ("trades?symbol=BTCUSDT&limit=abc", 400, -1100), ("trades?symbol=BTCUSDT&limit=0", 400, -1130),
        ("trades?symbol=BTCUSDT&limit=-1", 400, -1100), ("trades?symbol=BTCUSDT&nosuch=1", 400, -1104),
        ("trades?symbol=BTCUSDT&symbol=ETHUSDT", 400, -1101),
        ("historicalTrades?symbol=BTCUSDT&fromId=1x", 400, -1100),
        ("historicalTrades?symbol=BTCUSDT&fromId=99999999999999999999", 400, -1130),
        ("aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", 400, -1128),
        ("aggTrades?symbol=BTCUSDT&startTime=2&endTime=1", 400, -1130),
        ("aggTrades?symbol=BTCUSDT&endTime=9223372036854775807", 400, -1130),
        ("klines?symbol=BTCUSDT&interval=1d&startTime=9223372036854775807", 400, -1130),
        ("klines?symbol=BTCUSDT", 400, -1102), ("klines?symbol=BTCUSDT&interval=2m", 400, -1120),
        ("klines?symbol=BTCUSDT&interval=1m&timeZone=5", 400, -1130),
        ("exchangeInfo?symbol=NOSUCH", 400, -1121), ("exchangeInfo?symbols=BTCUSDT", 400, -1100),
        ("exchangeInfo?symbol=BTCUSDT&symbols=%5B%22ETHUSDT%22%5D", 400, -1128), ("nosuch", 404, -1000),
    ]

    @Test func refusalsAreBinancesOwn() async throws {
        try await with { server in
            for (path, status, code) in Self.refusals {
                let answer = try await server.get("/api/v3/" + path)
                #expect(answer.status == status, "\(path)")
                let body = try answer.json()
                #expect(body.members?.map(\.name) == ["code", "msg"], "\(path)")
                #expect(body["code"]?.integer == Int64(code), "\(path): \(answer.text)")
            }
            let words = try await server.get("/api/v3/trades?symbol=NOSUCH").text
            #expect(words == #"{"code":-1121,"msg":"Invalid symbol."}"#)
            let missing = try await server.get("/api/v3/trades").json()["msg"]?.text
            #expect(missing == "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
            let illegal = try await server.get("/api/v3/trades?symbol=btcusdt").json()["msg"]?.text
            #expect(
                illegal
                    == "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.")
        }
    }

    @Test func tooMuchWeightIsRefusedUntilTheMinuteIsOver() async throws {
        let clock = ManualClock(Self.now)
        try await with(["SIMULATOR_WEIGHT_LIMIT": "60"], clock: clock) { server in
            let first = try await server.get("/api/v3/trades?symbol=BTCUSDT")
            #expect(first.status == 200)
            #expect(first.header("X-MBX-USED-WEIGHT") == "25" && first.header("X-MBX-USED-WEIGHT-1M") == "25")
            // A refused request costs as well.
            #expect(try await server.get("/api/v3/trades").header("X-MBX-USED-WEIGHT") == "50")
            let third = try await server.get("/api/v3/trades?symbol=BTCUSDT")
            #expect(third.status == 429 && third.header("X-MBX-USED-WEIGHT") == "75")
            #expect(third.header("Retry-After") == String(60 - Self.now / 1_000_000 % 60))
            let body = try third.json()
            #expect(body["code"]?.integer == -1_003)
            #expect(body["msg"]?.text?.contains("current limit is 60 request weight per 1 MINUTE") == true)
            #expect(try await server.get("/api/v3/ping").status == 429)
            clock.advance(.seconds(60))
            let later = try await server.get("/api/v3/ping")
            #expect(later.status == 200 && later.header("X-MBX-USED-WEIGHT") == "1")
        }
    }

    @Test func healthSaysWhichMarketItIs() async throws {
        try await with { server in
            let health = try await server.get("/health").json()
            #expect(health["source"]?.text == "simulator:seed=7,rate=100")
            #expect(try await server.get("/metrics").status == 200)
            #expect(try await server.get("/ws/btcusdt@trade").status == 426)
        }
    }
}
