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

/// TradingView's data feed.
@Suite struct UDFTests {
    private func info(_ key: String, tick: String?) throws -> InstrumentInfo {
        InstrumentInfo(
            instrument: try Sample.instrument(key), base: "BTC", quote: "USD", tickSize: try tick.map(Sample.price),
            lotStep: Quantity("0.00001"), status: "trading")
    }

    @Test func whatAChartAsksFirst() async throws {
        try await APITestServer.with(symbols: ["BTCUSDT", "kraken:BTC/USD", "ETHUSDT"]) { server in
            server.board.take([try info("BTCUSDT", tick: "0.01"), try info("kraken:BTC/USD", tick: "0.5")])
            let config = try await server.get("/udf/config").json()
            #expect(config["supports_search"]?.isTrue == true && config["supports_time"]?.isTrue == true)
            let resolutions = try #require(config["supported_resolutions"]?.elements).map(\.text)
            #expect(resolutions.first == "10S" && resolutions.last == "1M" && resolutions.contains("240"))
            let time = try await server.get("/udf/time")
            #expect(time.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(Int64(time.text).map { $0 > 1_700_000_000 } == true)
            let bitcoin = try await server.get("/udf/symbols?symbol=BTCUSDT").json()
            #expect(bitcoin["pricescale"]?.integer == 100 && bitcoin["minmov"]?.integer == 1)
            #expect(bitcoin["has_seconds"]?.isTrue == true && bitcoin["seconds_multipliers"]?[0]?.text == "10")
            #expect(bitcoin["session"]?.text == "24x7" && bitcoin["timezone"]?.text == "Etc/UTC")
            #expect(bitcoin["volume_precision"]?.integer == 5)
            // As TradingView writes it, and a tick that is no power of ten.
            for name in ["KRAKEN:BTC/USD", "kraken:btc%2Fusd"] {
                let kraken = try await server.get("/udf/symbols?symbol=\(name)").json()
                #expect(kraken["ticker"]?.text == "kraken:BTC/USD" && kraken["exchange"]?.text == "KRAKEN")
                #expect(kraken["pricescale"]?.integer == 10 && kraken["minmov"]?.integer == 5)
            }
            #expect(try await server.get("/udf/symbols?symbol=BINANCE:BTCUSDT").json()["ticker"]?.text == "BTCUSDT")
            func found(_ query: String) async throws -> [String?] {
                try #require(try await server.get("/udf/search?\(query)").json().elements).map { $0["ticker"]?.text }
            }
            #expect(try await found("query=btc&type=&exchange=&limit=30") == ["BTCUSDT", "kraken:BTC/USD"])
            #expect(try await found("query=btc&exchange=KRAKEN") == ["kraken:BTC/USD"])
            #expect(try await found("query=") == ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD"])
            #expect(try await found("query=&limit=1") == ["BTCUSDT"])
            #expect(try await found("query=doge") == [])
        }
    }

    static let refusals: [(String, Int)] = [
        ("symbols", 400), ("symbols?symbol=NOSUCH", 404), ("history?symbol=BTCUSDT", 400),
        ("history?symbol=BTCUSDT&resolution=7&from=0&to=1", 400), ("history?symbol=BTCUSDT&resolution=1&to=9", 400),
        ("history?symbol=BTCUSDT&resolution=1&from=x&to=9", 400),
        ("history?symbol=NOSUCH&resolution=1&from=0&to=1", 404), ("search?limit=x", 400), ("config?nosuch=1", 400),
        ("history?symbol=BTCUSDT&resolution=1&to=9&countback=0", 400),
    ]

    @Test func errorsSayWhatIsWrong() async throws {
        try await APITestServer.with { server in
            for (path, status) in Self.refusals {
                let answer = try await server.get("/udf/\(path)")
                #expect(answer.status == status, "\(path): \(answer.text)")
                #expect(try answer.json()["s"]?.text == "error", "\(path)")
                #expect(try answer.json()["errmsg"]?.text?.isEmpty == false, "\(path)")
            }
            server.history.fail(with: HistoryError(isTransient: true, description: "away"))
            let down = try await server.get("/udf/history?symbol=BTCUSDT&resolution=1&from=0&to=9")
            #expect(down.status == 503 && down.headers["retry-after"] != nil)
        }
    }

    @Test func pricesAreNumbersAndExact() async throws {
        try await APITestServer.with { server in
            server.history.store([
                try Sample.candle("BTCUSDT", .oneMinute, 1_700_000_040, close: "12345678901.12345678")
            ])
            let answer = try await server.get("/udf/history?symbol=BTCUSDT&resolution=1&from=0&to=1700000041")
            #expect(answer.text.contains(#""c":[12345678901.12345678]"#))
            // `to` is excluded, and so is what begins before `from`.
            for range in ["from=0&to=1700000040", "from=1700000041&to=1700009999"] {
                let none = try await server.get("/udf/history?symbol=BTCUSDT&resolution=1&\(range)").json()
                #expect(none["s"]?.text == "no_data")
                let next: Int64? = range.hasPrefix("from=0") ? nil : 1_700_000_040
                #expect(none["nextTime"]?.integer == next)
            }
            // The open one is there, too; `countback` beats `from`.
            let open = try Sample.candle("BTCUSDT", .oneMinute, 1_700_000_100, isClosed: false, close: "2")
            server.board.take(
                try Sample.update(price: "2", tradeID: 1, eventTimeMicros: 1_700_000_101_000_000, candles: [open]),
                of: try Sample.instrument("BTCUSDT"))
            let two = "/udf/history?symbol=BTCUSDT&resolution=1&from=1700000100&to=1700000101&countback=2"
            #expect(try await server.get(two).json()["t"]?.elements?.count == 2)
        }
    }

    /// As a chart does it: page by page into the past, until there is nothing more.
    @Test(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
    func pagingBackGivesAllThatPostgresHas() async throws {
        let recording = try ExchangeRecording()
        let server = try await PostgresServer.shared.get()
        let configuration = try PostgresConfiguration(
            url: server.url(database: try await server.createDatabase("udf")))
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration)
        try await pool.waitUntilConnected(timeoutMillis: 10_000)
        for interval in Interval.allCases { try await StoredCandles.store(try recording.candles(interval), in: pool) }
        // A second piece of market, a year before, with a wide silence between.
        let old = try (0..<200).map { try Sample.candle("BTCUSDT", .tenSeconds, 1_546_000_000 + $0 * 30) }
        try await StoredCandles.store(old, in: pool)
        let history = PostgresHistory(pool: pool, time: .system, logger: Logger(label: "test"))
        try await APITestServer.with(repository: history) { server in
            for (resolution, count, table) in [("10S", 7, "10s"), ("1", 3, "1m"), ("3", 2, nil)] {
                var bars: [[String]] = []
                var to: Int64 = 1_600_000_000
                while true {
                    let answer = try await server.get(
                        "/udf/history?symbol=BTCUSDT&resolution=\(resolution)&from=0&to=\(to)&countback=\(count)")
                    let page = try answer.json()
                    guard page["s"]?.text == "ok" else {
                        #expect(page["s"]?.text == "no_data" && page["nextTime"] == nil)
                        break
                    }
                    let columns = try ["t", "o", "h", "l", "c", "v"].map { try #require(page[$0]?.elements) }
                    let rows = columns[0].indices.map { row in
                        columns.map { column in if case .number(let text) = column[row] { text } else { "no number" } }
                    }
                    #expect(rows.count <= count)
                    bars = rows + bars
                    to = try #require(columns[0].first?.integer)
                }
                let stored = try await pool.query(
                    """
                    SELECT (window_start / \(table == nil ? 180 : 1) * \(table == nil ? 180 : 1))::text AS t,
                        trim_scale((array_agg(open ORDER BY window_start))[1])::text AS o,
                        trim_scale(max(high))::text AS h, trim_scale(min(low))::text AS l,
                        trim_scale((array_agg(close ORDER BY window_start DESC))[1])::text AS c,
                        trim_scale(sum(volume))::text AS v
                    FROM candles_\(table ?? "1m") WHERE symbol = 'BTCUSDT' GROUP BY 1 ORDER BY 1
                    """)
                var expected: [[String]] = []
                for row in stored {
                    var fields: [String] = []
                    for name in ["t", "o", "h", "l", "c", "v"] { fields.append(try row.value(name)) }
                    expected.append(fields)
                }
                #expect(bars == expected, "\(resolution)")
                #expect(bars.count > 3)
            }
        }
        await pool.close()
    }
}
