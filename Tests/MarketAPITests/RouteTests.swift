import MarketCore
import MarketWire
import ServiceKit
import Testing

@testable import MarketAPI

@Suite struct RouteTests {
    @Test func moneyIsTextAndExact() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            let open = try Sample.candle(1_700_000_010, isClosed: false)
            server.board.take(
                try Sample.update(
                    price: "67000.10000000", tradeID: 7, eventTimeMicros: 1_700_000_012_345_678, candles: [open]),
                of: instrument)
            let price = try await server.get("/price").json()
            #expect(price["price"] == .string("67000.1"))
            #expect(price["trade_id"] == .number("7"))
            #expect(price["event_time_us"] == .number("1700000012345678"))
            let candle = try await server.get("/current-candle")
            #expect(candle.body == open.encoded())
        }
    }

    @Test func candlesAreGivenWithTheirCursor() async throws {
        try await APITestServer.with { server in
            let stored = try (0..<5).map { try Sample.candle(1_700_000_000 + $0 * 10) }
            server.history.store(stored)
            let page = try await server.get("/candles?limit=2").json()
            #expect(page["symbol"]?.text == "BTCUSDT" && page["interval"]?.text == "10s")
            let starts = page["candles"]?.elements?.map { $0["window_start"]?.integer }
            #expect(starts == [1_700_000_030, 1_700_000_040])
            let cursor = try #require(page["next_cursor"]?.text)
            let older = try await server.get("/candles?limit=3&cursor=\(cursor)").json()
            #expect(
                older["candles"]?.elements?.map { $0["window_start"]?.integer } == [
                    1_700_000_000, 1_700_000_010, 1_700_000_020,
                ])
            #expect(older["next_cursor"] == .null)
            let none = try await server.get("/candles?symbol=ETHUSDT")
            #expect(none.status == 200)
            #expect(try none.json()["candles"]?.elements?.isEmpty == true)
        }
    }

    @Test func routesOfAMeasurementStandBehindTheSameMiddleware() async throws {
        let answer: MarketAPI.Answer = { _ in .json(bytes: Array("{}".utf8)) }
        try await APITestServer.with(routes: ["/fixed/price": answer]) { server in
            server.board.take(try Sample.update(price: "1", tradeID: 1), of: try Sample.instrument("BTCUSDT"))
            let fixed = try await server.get("/fixed/price")
            #expect(fixed.status == 200 && fixed.text == "{}")
            let own = try await server.get("/price")
            #expect(Set(fixed.headers.keys) == Set(own.headers.keys))
            #expect(try await server.get("/fixed/candles").status == 404)
        }
    }

    @Test func symbolsCarryTheirPrecision() async throws {
        try await APITestServer.with(
            symbols: ["BTCUSDT", "kraken:BTC/USD"], configure: { $0.marketSource = "simulator:seed=7" }
        ) { server in
            let instrument = try Sample.instrument("BTCUSDT")
            server.board.take([
                InstrumentInfo(
                    instrument: instrument, base: "BTC", quote: "USDT", tickSize: try Sample.price("0.01"),
                    lotStep: Quantity("0.00001"), status: "trading")
            ])
            server.board.take(
                try Sample.update("kraken:BTC/USD", price: "0.00001234", tradeID: 1),
                of: try Sample.instrument("kraken:BTC/USD"))
            let answer = try await server.get("/symbols").json()
            #expect(answer["simulated"]?.isTrue == true && answer["default_symbol"]?.text == "BTCUSDT")
            let symbols = try #require(answer["symbols"]?.elements)
            #expect(symbols.map { $0["symbol"]?.text } == ["BTCUSDT", "kraken:BTC/USD"])
            #expect(symbols[0]["price_decimals"] == .number("2") && symbols[0]["quantity_decimals"] == .number("5"))
            #expect(symbols[1]["venue"]?.text == "kraken" && symbols[1]["price_decimals"] == .number("8"))
            #expect(symbols[1]["tick_size"] == .null)
        }
    }

    @Test func healthTellsPartsAndReadinessNeedsOneStore() async throws {
        try await APITestServer.with { server in
            let health = try await server.get("/health")
            #expect(health.status == 200)
            let body = try health.json()
            #expect(body["crypto_provider"]?.text == "binance")
            #expect(body["active_websocket_connections"] == .number("0"))
            #expect(body["subscribed_symbols"]?.elements?.count == 2)
            #expect(try await server.get("/ready").status == 200)
            server.health.set("postgres", .failed("down", blocksReadiness: false))
            #expect(try await server.get("/ready").status == 200)
            server.health.set("redis", .failed("down", blocksReadiness: false))
            #expect(try await server.get("/ready").status == 503)
            #expect(try await server.get("/health").status == 200)
            server.health.set("postgres", .ok)
            server.health.set("redis", .starting("connecting"))
            #expect(try await server.get("/ready").status == 503)
        }
    }

    @Test(arguments: [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true), ("application/json", false),
        ("*/*", false), ("", false), ("text/html;q=0.5, application/json", false), ("text/html;q=0", false),
        ("application/json;q=0.5, text/html", true),
    ])
    func theRootSpeaksToBrowsersAndPrograms(_ accept: String, _ isPage: Bool) async throws {
        #expect(Accept.prefersHTML(accept) == isPage)
        try await APITestServer.with { server in
            let answer = try await server.get("/", headers: accept.isEmpty ? [:] : ["Accept": accept])
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"]?.hasPrefix(isPage ? "text/html" : "application/json") == true)
            #expect(answer.headers["vary"]?.split(separator: ",").first == "Accept")
        }
    }

    @Test func pagesHaveTagsAndAStrictPolicy() async throws {
        try await APITestServer.with { server in
            for path in ["/dashboard", "/dashboard/app.js", "/dashboard/app.css", "/dashboard/favicon.svg"] {
                let answer = try await server.get(path)
                #expect(answer.status == 200 && !answer.body.isEmpty, "\(path)")
                let policy = try #require(answer.headers["content-security-policy"])
                #expect(!policy.contains("unsafe") && policy.contains("default-src 'none'"))
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                let tag = try #require(answer.headers["etag"])
                let again = try await server.get(path, headers: ["If-None-Match": tag])
                #expect(again.status == 304 && again.body.isEmpty, "\(path)")
                #expect(try await server.get(path, headers: ["If-None-Match": "\"other\""]).status == 200)
            }
            let page = try await server.get("/dashboard?symbol=BTCUSDT&interval=1m").text
            #expect(!page.contains("<script>") && !page.contains(" style=") && !page.contains(" onclick="))
        }
    }

    @Test func everyFileOfThePageIsServed() async throws {
        try await APITestServer.with { server in
            let names = DashboardAssets(folder: nil, assetsFolder: "/nonexistent").names
            #expect(names.count > 8)
            for name in names where name != DashboardAssets.chartLibrary {
                let answer = try await server.get("/dashboard/\(name)")
                #expect(answer.status == 200, "\(name)")
                // What a file imports is there too.
                for part in answer.text.split(separator: "from \"./").dropFirst() {
                    let imported = String(part.prefix { $0 != "\"" })
                    #expect(names.contains(imported), "\(name) imports \(imported)")
                }
            }
        }
    }
}

@Suite struct SettingsTests {
    @Test func defaultsAreSafe() throws {
        let configuration = try APIConfiguration(Settings([:]))
        #expect(configuration.host == "127.0.0.1" && configuration.port == 8_000)
        #expect(configuration.instruments.map(\.key) == ["BTCUSDT"])
    }

    @Test(arguments: [
        ("API_PORT", "eight"), ("API_PORT", "70000"), ("VENUE_SILENT_AFTER", "5"), ("MAX_WEBSOCKET_CLIENTS", "0"),
        ("SYMBOLS", "BTC USDT"), ("CANDLE_INTERVALS", "7s"), ("MIGRATE", "maybe"),
    ])
    func malformedValuesAreNamed(_ key: String, _ value: String) throws {
        let settings = Settings([key: value])
        let error = #expect(throws: SettingsError.self) { try settings.validate(APISettings.all) }
        #expect(error?.description.contains(key) == true && error?.description.contains(value) == true)
    }
}
