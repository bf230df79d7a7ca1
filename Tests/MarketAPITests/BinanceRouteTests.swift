import Exchanges
import Logging
import MarketCore
import MarketWire
import PostgresClient
import Schemas
import ServiceKit
import TestServers
import Testing

@testable import MarketAPI

/// Binance's REST dialect.
@Suite struct BinanceRouteTests {
    private func rows(_ server: APITestServer, _ query: String) async throws -> [JSONValue] {
        let answer = try await server.get("/api/v3/klines?\(query)")
        try #require(answer.status == 200, "\(query): \(answer.text)")
        return try #require(try answer.json().elements)
    }

    /// The exchange's minutes as its REST interface writes them.
    private func expected(_ recording: ExchangeRecording) -> [JSONValue] {
        recording.klines.map { fields in
            .array(
                fields.enumerated().map { place, text in
                    [0, 6, 8].contains(place) ? .number(text) : .string(text)
                })
        }
    }

    private static let whole = "symbol=BTCUSDT&interval=1m&startTime=1577977860000&endTime=1577978220000"

    @Test func theExchangesOwnMinutesComeOut() async throws {
        let recording = try ExchangeRecording()
        // Once as they are stored, once folded from 10 s.
        for intervals in [Interval.allCases, [.tenSeconds]] {
            try await APITestServer.with(configure: { $0.intervals = intervals }) { server in
                for interval in intervals { server.history.store(try recording.candles(interval)) }
                try recording.publish(on: server.board)
                #expect(try await rows(server, Self.whole) == expected(recording))
                #expect(try await rows(server, Self.whole + "&timeZone=5:45") == expected(recording))
            }
        }
    }

    @Test(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
    func theExchangesOwnMinutesComeOutOfPostgres() async throws {
        let recording = try ExchangeRecording()
        let server = try await PostgresServer.shared.get()
        let configuration = try PostgresConfiguration(
            url: server.url(database: try await server.createDatabase("binance_dialect")))
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration)
        try await pool.waitUntilConnected(timeoutMillis: 10_000)
        for interval in Interval.allCases { try await StoredCandles.store(try recording.candles(interval), in: pool) }
        let history = PostgresHistory(pool: pool, time: .system, logger: Logger(label: "test"))
        try await APITestServer.with(configure: { $0.intervals = [.tenSeconds] }, repository: history) { server in
            try recording.publish(on: server.board)
            #expect(try await rows(server, Self.whole) == expected(recording))
        }
        try await APITestServer.with(repository: history) { server in
            try recording.publish(on: server.board)
            #expect(try await rows(server, Self.whole) == expected(recording))
            // The day, in PostgreSQL's own sums.
            let day = try await server.get("/api/v3/ticker/24hr?symbol=BTCUSDT").json()
            let sums = try #require(
                try await pool.query(
                    """
                    SELECT sum(volume)::numeric(40,8)::text AS volume, sum(quote_volume)::numeric(40,8)::text AS quote,
                        max(high)::numeric(40,8)::text AS high, min(low)::numeric(40,8)::text AS low,
                        sum(trade_count)::bigint AS count, min(first_trade_id) AS first, max(last_trade_id) AS last
                    FROM candles_10s
                    """
                ).first)
            for (field, column) in [
                ("volume", "volume"), ("quoteVolume", "quote"), ("highPrice", "high"), ("lowPrice", "low"),
            ] {
                let value: String = try sums.value(column)
                #expect(day[field]?.text == value, "\(field)")
            }
            for (field, column) in [("count", "count"), ("firstId", "first"), ("lastId", "last")] {
                let value: Int64 = try sums.value(column)
                #expect(day[field]?.integer == value, "\(field)")
            }
            #expect(day["openPrice"]?.text == recording.trades.first?.price.formatted(minimumFraction: 8))
            #expect(day["lastPrice"]?.text == recording.trades.last?.price.formatted(minimumFraction: 8))
            let everything = try await server.get("/api/v3/ticker/24hr?type=MINI").json()
            #expect(everything.elements?.count == 1 && everything[0]?["volume"] == day["volume"])
        }
        await pool.close()
    }

    @Test func silentWindowsAreFlatAndTheNewestIsOpen() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            let start: Int64 = 1_700_000_040
            let first = try Sample.candle("BTCUSDT", .oneMinute, start, close: "100")
            server.history.store([first])
            // The next trade comes five minutes later, and the market goes on for two more.
            let open = try Sample.candle("BTCUSDT", .oneMinute, start + 300, isClosed: false, close: "102.5")
            server.board.take(
                try Sample.update(
                    price: "102.5", tradeID: 9, eventTimeMicros: (start + 301) * 1_000_000, candles: [open]),
                of: instrument)
            server.board.take(
                try Sample.update("ETHUSDT", price: "7", tradeID: 1, eventTimeMicros: (start + 425) * 1_000_000),
                of: try Sample.instrument("ETHUSDT"))
            let all = try await rows(server, "symbol=BTCUSDT&interval=1m")
            #expect(all.map { $0[0]?.integer } == (0...7).map { (start + $0 * 60) * 1_000 })
            #expect(all.map { $0[8]?.integer } == [3, 0, 0, 0, 0, 3, 0, 0])
            for row in all[1...4] {
                #expect((1...4).map { row[$0]?.text } == Array(repeating: "100.00000000", count: 4))
                #expect(row[5]?.text == "0.00000000" && row[11]?.text == "0")
            }
            #expect(all[5][4]?.text == "102.50000000" && all[7][4]?.text == "102.50000000")
            // 3m from 1m, exactly: the sums are those of its minutes.
            let folded = try await rows(server, "symbol=BTCUSDT&interval=3m&limit=2")
            #expect(
                folded.map { $0[0]?.integer } == [(start + 300) * 1_000, (start + 480) * 1_000].map { $0 - 60_000 })
            #expect(folded[0][5]?.text == open.volume.formatted(minimumFraction: 8))
            // From the first, a page of it, and where `startTime` is between two windows.
            #expect(try await rows(server, "symbol=BTCUSDT&interval=1m&startTime=0&limit=1") == [all[0]])
            let later = "symbol=BTCUSDT&interval=1m&startTime=\((start + 1) * 1_000)"
            #expect(try await rows(server, later + "&limit=2") == Array(all[1...2]))
            #expect(try await rows(server, later + "&endTime=\((start + 120) * 1_000)") == Array(all[1...2]))
            #expect(try await rows(server, "symbol=BTCUSDT&interval=1m&endTime=\(start * 1_000)") == [all[0]])
            #expect(try await rows(server, "symbol=BTCUSDT&interval=1m&endTime=1000") == [])
            #expect(try await rows(server, "symbol=BTCUSDT&interval=1m&startTime=4102444800000") == [])
            #expect(try await rows(server, "symbol=BTCUSDT&interval=1m&startTime=2000&endTime=1000") == [])
            #expect(try await rows(server, "symbol=ETHUSDT&interval=1m") == [])
            let micros = try await server.get(
                "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1&startTime=0",
                headers: ["X-MBX-TIME-UNIT": "MICROSECOND"]
            ).json()
            #expect(micros[0]?[0]?.integer == start * 1_000_000)
            #expect(micros[0]?[6]?.integer == (start + 60) * 1_000_000 - 1)
        }
    }

    /// What closes between the end of its window and its commit is not shown as silent.
    @Test func aWindowThatHasNotClosedYetIsThere() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            let start: Int64 = 1_700_000_040
            for (index, close) in ["100", "101"].enumerated() {
                let window = start + Int64(index) * 60
                server.board.take(
                    try Sample.update(
                        price: close, tradeID: Int64(index), eventTimeMicros: (window + 1) * 1_000_000,
                        candles: [try Sample.candle("BTCUSDT", .oneMinute, window, isClosed: false, close: close)]),
                    of: instrument)
            }
            let both = try await rows(server, "symbol=BTCUSDT&interval=1m")
            #expect(both.map { $0[4]?.text } == ["100.00000000", "101.00000000"])
            let stored = try Sample.candle("BTCUSDT", .oneMinute, start, close: "100.5")
            server.history.store([stored])
            server.board.takeClosed(stored, of: instrument)
            let closed = try await rows(server, "symbol=BTCUSDT&interval=1m")
            #expect(closed.map { $0[4]?.text } == ["100.50000000", "101.00000000"])
        }
    }

    @Test func longWindowsBeginWhereTheCalendarSays() async throws {
        try await APITestServer.with { server in
            let day: Int64 = 86_400
            // 1 November 2023, a Wednesday, and sixty days from there.
            let first: Int64 = 1_698_796_800
            let days = try (0..<60).map { try Sample.candle("BTCUSDT", .oneDay, first + $0 * day) }
            server.history.store(days)
            func starts(_ interval: String) async throws -> [Int64?] {
                try await rows(server, "symbol=BTCUSDT&interval=\(interval)").map { $0[0]?.integer.map { $0 / 1_000 } }
            }
            let months = try await rows(server, "symbol=BTCUSDT&interval=1M")
            #expect(months.map { $0[0]?.integer } == [1_698_796_800_000, 1_701_388_800_000])
            #expect(months.map { $0[6]?.integer } == [1_701_388_799_999, 1_704_067_199_999])
            #expect(months.map { $0[8]?.integer } == [90, 90])
            let volume = days[..<30].reduce(Int128(0)) { $0 + $1.volume.raw }
            #expect(months[0][5]?.text == Quantity(raw: volume).formatted(minimumFraction: 8))
            let weeks = try await starts("1w")
            // Monday, 30 October 2023.
            #expect(weeks.first == 1_698_624_000 && weeks.count == 9)
            #expect(try await starts("3d").count == 20)
        }
    }

    static let refusals: [(String, Int, Int)] = [
        ("klines", 400, -1102), ("klines?symbol=BTCUSDT", 400, -1102), ("klines?symbol=NOSUCH&interval=1m", 400, -1121),
        ("klines?symbol=btcusdt&interval=1m", 400, -1100), ("klines?symbol=BTCUSDT&interval=1s", 400, -1120),
        ("klines?symbol=BTCUSDT&interval=7m", 400, -1120), ("klines?symbol=BTCUSDT&interval=1m&limit=0", 400, -1130),
        ("klines?symbol=BTCUSDT&interval=1m&limit=x", 400, -1100),
        ("klines?symbol=BTCUSDT&interval=1m&timeZone=15", 400, -1130),
        ("klines?symbol=BTCUSDT&interval=1m&nosuch=1", 400, -1104), ("klines?symbol=&interval=1m", 400, -1105),
        ("klines?symbol=BTCUSDT&symbol=ETHUSDT&interval=1m", 400, -1101),
        ("exchangeInfo?symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D", 400, -1128),
        ("exchangeInfo?symbols=BTCUSDT", 400, -1100), ("exchangeInfo?symbol=NOSUCH", 400, -1121),
        ("ticker/price?symbol=NOSUCH", 400, -1121), ("ticker/price?symbol=ETHUSDT", 503, -1001),
        ("ticker/24hr?type=SOME", 400, -1130), ("avgPrice", 400, -1102), ("trades?symbol=BTCUSDT", 503, -1001),
        ("aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", 400, -1128), ("nosuch", 404, -1000), ("", 404, -1000),
    ]

    @Test func refusalsAreTheOnesThatClientsKnow() async throws {
        try await APITestServer.with { server in
            for (path, status, code) in Self.refusals {
                let answer = try await server.get("/api/v3/\(path)")
                #expect(answer.status == status, "\(path): \(answer.text)")
                #expect(try answer.json()["code"]?.integer == Int64(code), "\(path): \(answer.text)")
                #expect(try answer.json()["msg"]?.text?.isEmpty == false, "\(path)")
                #expect((answer.headers["retry-after"] != nil) == (status == 503), "\(path)")
            }
            let posted = try await server.send("POST", "/api/v3/klines")
            #expect(posted.status == 405)
            #expect(try posted.json()["code"]?.integer == -1_000 && posted.headers["allow"] == "GET, HEAD, OPTIONS")
            server.history.fail(with: HistoryError(isTransient: true, description: "away"))
            let down = try await server.get("/api/v3/klines?symbol=BTCUSDT&interval=1m")
            #expect(down.status == 503)
            #expect(try down.json()["code"]?.integer == -1_001 && down.headers["retry-after"] != nil)
            let unit = try await server.get("/api/v3/time", headers: ["X-MBX-TIME-UNIT": "HOUR"])
            #expect(unit.status == 400)
            // Elsewhere errors stay problems.
            #expect(try await server.get("/nosuch").headers["content-type"] == "application/problem+json")
        }
    }

    @Test func whatThereIsAndWhatItCosts() async throws {
        let trades = TradeTail()
        try await APITestServer.with(trades: trades) { server in
            let instrument = try Sample.instrument("BTCUSDT")
            server.board.take([
                InstrumentInfo(
                    instrument: instrument, base: "BTC", quote: "USDT", tickSize: try Sample.price("0.01"),
                    lotStep: Quantity("0.00001"), status: "trading")
            ])
            #expect(try await server.get("/api/v3/ping").text == "{}")
            let info = try await server.get("/api/v3/exchangeInfo").json()
            // ETHUSDT is followed, but its venue has said nothing of it.
            #expect(info["symbols"]?.elements?.map { $0["symbol"]?.text } == ["BTCUSDT"])
            let symbol = try #require(info["symbols"]?[0])
            #expect(symbol["baseAsset"]?.text == "BTC" && symbol["quoteAsset"]?.text == "USDT")
            #expect(symbol["status"]?.text == "TRADING")
            #expect(symbol["filters"]?[0]?["tickSize"]?.text == "0.01000000")
            #expect(symbol["filters"]?[1]?["stepSize"]?.text == "0.00001000")
            server.board.take(try Sample.update(price: "67000.1", tradeID: 7), of: instrument)
            let price = #"{"symbol":"BTCUSDT","price":"67000.10000000"}"#
            #expect(try await server.get("/api/v3/ticker/price?symbol=BTCUSDT").text == price)
            #expect(try await server.get("/api/v3/ticker/price").text == "[\(price)]")
            let list = "/api/v3/ticker/price?symbols=%5B%22BTCUSDT%22%5D"
            #expect(try await server.get(list).text == "[\(price)]")
            // Nothing was traded in the last five minutes that candles know of: the last price stands.
            let average = try await server.get("/api/v3/avgPrice?symbol=BTCUSDT").json()
            #expect(average["mins"]?.integer == 5 && average["price"]?.text == "67000.10000000")

            trades.set(.following)
            for id in Int64(1)...5 { trades.take(try Sample.trade(id), isNew: true) }
            trades.take(try Sample.trade(9, count: 3, aggregate: 70), isNew: true)
            func ids(_ path: String, _ name: String) async throws -> [Int64?] {
                try #require(try await server.get("/api/v3/\(path)").json().elements).map { $0[name]?.integer }
            }
            #expect(try await ids("trades?symbol=BTCUSDT&limit=2", "id") == [5, 9])
            #expect(try await ids("historicalTrades?symbol=BTCUSDT&fromId=2&limit=2", "id") == [2, 3])
            #expect(try await ids("aggTrades?symbol=BTCUSDT&limit=2", "a") == [5, 70])
            #expect(try await ids("aggTrades?symbol=BTCUSDT&fromId=4", "a") == [4, 5, 70])
            #expect(try await ids("aggTrades?symbol=BTCUSDT&limit=1", "f") == [7])
            #expect(try await ids("aggTrades?symbol=BTCUSDT&startTime=1700000000001", "a") == [])
            #expect(try await ids("aggTrades?symbol=BTCUSDT&startTime=1700000000000&limit=3", "a") == [1, 2, 3])
            let trade = try await server.get("/api/v3/trades?symbol=BTCUSDT&limit=6").json()[0]
            #expect(trade?["isBuyerMaker"]?.isTrue == true && trade?["qty"]?.text == "0.00200000")
        }
    }

    @Test func theAverageOfFiveMinutesIsExact() async throws {
        let recording = try ExchangeRecording()
        try await APITestServer.with { server in
            server.history.store(try recording.candles(.tenSeconds))
            try recording.publish(on: server.board)
            let average = try await server.get("/api/v3/avgPrice?symbol=BTCUSDT").json()
            // By hand: the trades of the windows 15:13:40 to 15:18:39.
            let counted = recording.trades.filter { $0.eventTimeMicros >= 1_577_978_020_000_000 }
            let amount = counted.reduce(Int128(0)) { $0 + Int128($1.price.raw) * $1.quantity.raw }
            let volume = counted.reduce(Int128(0)) { $0 + $1.quantity.raw }
            let (quotient, rest) = amount.quotientAndRemainder(dividingBy: volume)
            let price = Price(raw: Int64(quotient) + (rest * 2 >= volume ? 1 : 0))
            #expect(average["price"]?.text == price.formatted(minimumFraction: 8))
        }
    }
}
