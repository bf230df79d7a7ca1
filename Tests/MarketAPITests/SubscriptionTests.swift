import Exchanges
import KafkaClient
import Logging
import MarketCore
import MarketWire
import Synchronization
import TestServers
import Testing

@testable import MarketAPI

@Suite struct AuthorizationTests {
    @Test(arguments: ["", "a", "secret-secret-secreT", "secret-secret-secret ", "secret-secret-secretsecret"])
    func anotherTokenIsAnother(_ text: String) {
        #expect(!Authorization.isEqual(text, "secret-secret-secret"))
        #expect(Authorization.isEqual("secret-secret-secret", "secret-secret-secret"))
    }
}

@Suite struct PathTextTests {
    @Test(
        arguments: [
            ("kraken:BTC%2FUSD", "kraken:BTC/USD"), ("BTCUSDT", "BTCUSDT"), ("%e2%82%AC", "€"), ("a%2525", "a%25"),
            ("", ""), ("%", nil), ("%2", nil), ("%zz", nil), ("%ff", nil),
        ] as [(String, String?)])
    func escapesAreRead(_ text: String, _ expected: String?) { #expect(PathText.decoded(text) == expected) }
}

/// What is followed, asked of a real broker and a venue's list.
@Suite(.serialized) struct SubscriptionTests {
    private static let token = "0123456789abcdef"
    private static let bearer = ["Authorization": "Bearer \(token)"]

    /// A venue that knows some instruments.
    private struct ListedVenue: VenueCatalog {
        func metadata(of instruments: [Instrument]) async throws -> [InstrumentRecord] {
            guard let instrument = instruments.first, instrument.symbol != "DOWN" else {
                throw VenueError(.unreachable, "nobody answers")
            }
            guard ["SOLUSDT", "BTC/USD"].contains(instrument.symbol) else {
                throw BinanceErrorBody.invalidSymbol
            }
            return [
                InstrumentRecord(
                    symbol: instrument.key, base: "SOL", quote: "USDT", tickSize: try Sample.price("0.01"),
                    lotStep: try #require(Quantity("0.001")), status: .trading)
            ]
        }

        func close() async {}
    }

    private func with(
        brokers: String, token: String? = token, _ body: (APITestServer) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        try await APITestServer.with(
            configure: { $0.token = token },
            subscriptions: { [logger] board in
                SubscriptionDesk(
                    catalogs: ["binance": ListedVenue(), "kraken": ListedVenue()],
                    kafka: KafkaConfiguration(brokers: brokers, clientID: "test"), topic: "subscriptions-of-api",
                    board: board, time: .system, logger: logger)
            }, body)
    }

    @Test func nothingIsChangedWithoutTheToken() async throws {
        try await with(brokers: "127.0.0.1:1") { server in
            for headers in [[:], ["Authorization": "Bearer nonsense-nonsense"], ["Authorization": Self.token]] {
                let answer = try await server.send("POST", "/symbol/SOLUSDT/subscribe", headers: headers)
                #expect(answer.status == 401 && answer.headers["www-authenticate"] == "Bearer")
                #expect(!answer.text.contains(Self.token))
            }
            #expect(try await server.send("GET", "/symbol/SOLUSDT/subscribe").status == 405)
        }
        try await with(brokers: "127.0.0.1:1", token: nil) { server in
            let answer = try await server.send("POST", "/symbol/SOLUSDT/subscribe", headers: Self.bearer)
            #expect(answer.status == 403)
            #expect(answer.text.contains("API_TOKEN is not configured"))
        }
    }

    @Test(arguments: [
        ("/symbol/NOSUCH/subscribe", 404, "Invalid symbol. (code -1121)"),
        ("/symbol/bitstamp:BTC/subscribe", 404, "no venue"), ("/symbol/BTC%E2%82%AC/subscribe", 400, "symbol"),
        ("/symbol/SOLUSDT/subscribe?interval=7m", 400, "'7m' is not an interval"),
        ("/symbol/SOLUSDT/subscribe?speed=1", 400, "no parameter 'speed'"),
        ("/symbol/DOWN/subscribe", 503, "nobody answers"), ("/symbol/SOLUSDT/unsubscribe", 404, "not followed"),
    ])
    func refusalsSayWhy(_ path: String, _ status: Int, _ words: String) async throws {
        try await with(brokers: "127.0.0.1:1") { server in
            let answer = try await server.send("POST", path, headers: Self.bearer)
            #expect(answer.status == status, "\(answer.text)")
            #expect(try answer.json()["detail"]?.text?.contains(words) == true, "\(answer.text)")
        }
    }

    @Test func withoutABrokerNothingIsSaidToBeDone() async throws {
        try await with(brokers: "127.0.0.1:1") { server in
            let answer = try await server.send("POST", "/symbol/SOLUSDT/subscribe", headers: Self.bearer)
            #expect(answer.status == 503 && answer.headers["retry-after"] == "5")
            #expect(try await server.get("/price?symbol=SOLUSDT").text.contains("no trade"))
        }
    }

    @Test(.enabled(if: KafkaBroker.availability.isAvailable, "\(KafkaBroker.availability)"))
    func aSubscriptionIsWrittenShownAndTakenBack() async throws {
        let broker = try await KafkaBroker.shared.get()
        try await makeTopic(broker)
        try await with(brokers: broker.brokers) { server in
            let asked = try await server.send(
                "POST", "/symbol/kraken:btc%2Fusd/subscribe?interval=1m", headers: Self.bearer)
            #expect(asked.status == 200, "\(asked.text)")
            let answer = try asked.json()
            #expect(answer["symbol"]?.text == "kraken:BTC/USD" && answer["interval"]?.text == "1m")
            let record = try #require(try await newest(broker))
            #expect(record.symbol == "kraken:BTC/USD" && record.isFollowed && record.interval == "1m")

            let listed = try await entry("kraken:BTC/USD", server)
            #expect(listed?["followed"]?.isTrue == true && listed?["interval"]?.text == "1m")
            #expect(listed?["tick_size"]?.text == "0.01")
            #expect(try await server.get("/health").text.contains("kraken:BTC/USD"))
            let price = try await server.get("/price?symbol=kraken:BTC/USD")
            #expect(price.status == 404 && price.text.contains("is followed, but no trade"))

            let left = try await server.send(
                "POST", "/symbol/kraken:BTC%2FUSD/unsubscribe", headers: Self.bearer)
            #expect(left.status == 200)
            let later = try #require(try await newest(broker))
            #expect(!later.isFollowed && later.updatedTimeMicros > record.updatedTimeMicros)
            let gone = try await server.get("/price?symbol=kraken:BTC/USD")
            #expect(gone.status == 404 && gone.text.contains("is not followed"))
            #expect(try await server.get("/candles?symbol=kraken:BTC/USD").status == 200, "its history stays")
            #expect(try await !server.get("/health").text.contains("kraken:BTC/USD"))
        }
    }

    private func entry(_ symbol: String, _ server: APITestServer) async throws -> JSONValue? {
        try await server.get("/symbols").json()["symbols"]?.elements?.first { $0["symbol"]?.text == symbol }
    }

    private func makeTopic(_ broker: KafkaBroker) async throws {
        let admin = try KafkaAdmin(broker.configuration("test-admin"))
        _ = try await admin.createTopics([
            NewTopic("subscriptions-of-api", partitions: 1, replication: 1, configuration: [:])
        ])
        await admin.close()
    }

    private func newest(_ broker: KafkaBroker) async throws -> SubscriptionRecord? {
        let reader = try KafkaReader(broker.configuration("test-reader"), topic: "subscriptions-of-api")
        let value = Mutex<[UInt8]?>(nil)
        try await reader.readToEnd(timeoutMillis: 30_000) { record in value.withLock { $0 = record.value } }
        await reader.close()
        return try value.withLock { $0 }.map { try SubscriptionRecord(decoding: $0) }
    }
}
