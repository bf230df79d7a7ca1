import Logging
import MarketCore
import MarketWire
import PostgresClient
import RedisClient
import ServiceKit
import ServiceLifecycle
import Synchronization
import TestServers
import Testing

@testable import MarketAPI

/// The whole service on real stores that come and go.
@Suite(
    .serialized,
    .enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"),
    .enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct StoreLossTests {
    private func settings(_ postgres: String, _ redis: String, _ more: [String: String] = [:]) -> Settings {
        Settings(
            [
                "POSTGRES_URL": postgres, "REDIS_URL": redis, "API_PORT": "0", "SYMBOLS": "BTCUSDT,ETHUSDT",
                "ASSETS_DIR": "/nonexistent",
            ].merging(more) { $1 })
    }

    private func withService(
        _ settings: Settings, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let context = ServiceContext(name: "market-api", settings: settings, logger: logger)
        let port = ListeningPort()
        let service = TestService { try await MarketAPI.run(context) { port.number = $0 } }
        let group = ServiceGroup(configuration: .init(services: [service], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            // Beside the service, so that what ends the service is what the caller is told.
            tasks.addTask {
                try await eventually("the API listens") { port.number != 0 }
                try await body(port.number)
                await group.triggerGracefulShutdown()
            }
            while try await tasks.next() != nil {}
        }
    }

    /// The schema is made first, beside whatever else the machine does.
    private func becomesReady(_ port: Int) async throws {
        var said = "nothing"
        try await eventually("ready; it says \(said)", within: .seconds(60)) {
            let answer = try await APIAnswer.get(port: port, "/ready")
            said = answer.text
            return answer.status == 200
        }
    }

    private func publish(_ price: String, _ id: Int64, to redis: RedisClient) async throws {
        let update = try Sample.update(
            price: price, tradeID: id, candles: [try Sample.candle(1_700_000_000, isClosed: false, tradeCount: id)])
        var message = RedisCommand("PUBLISH")
        message.append("live")
        message.append(update.encoded())
        _ = try await redis.send([
            ["SET", "BTCUSDT:price", price],
            ["HSET", "BTCUSDT:price:meta", "trade_id", "\(id)", "event_time_us", "\(update.eventTimeMicros)"],
            message,
        ])
    }

    @Test func eachStoreTakesOnlyItsOwnAnswersDown() async throws {
        let postgres = try await PostgresServer.start()
        let redis = try await RedisServer.start()
        let writer = RedisClient(try RedisConfiguration(url: redis.url))
        try await publish("67000.01", 1, to: writer)
        try await withService(settings(postgres.url(), redis.url)) { port in
            func get(_ path: String) async throws -> APIAnswer { try await APIAnswer.get(port: port, path) }
            try await becomesReady(port)
            // The schema was applied by this service, the price read from the keys.
            #expect(try await get("/candles").status == 200)
            #expect(try await get("/price").json()["price"]?.text == "67000.01")

            try await postgres.killNow()
            try await eventually("history is refused") { try await get("/candles").status == 503 }
            let refused = try await get("/candles")
            #expect(refused.headers["retry-after"] != nil && !refused.text.contains("market:market"))
            try await publish("67000.02", 2, to: writer)
            try await eventually("the price goes on") {
                try await get("/price").json()["price"]?.text == "67000.02"
            }
            #expect(try await get("/ready").status == 200)
            #expect(try await get("/health").status == 200)
            try await postgres.startAgain()
            try await eventually("history is back", within: .seconds(40)) { try await get("/candles").status == 200 }

            try await redis.kill()
            try await eventually("the price says that it is not live") {
                try await get("/price").json()["live"]?.isTrue == false
            }
            #expect(try await get("/price").json()["price"]?.text == "67000.02")
            #expect(try await get("/candles").status == 200)
            try await redis.restart()
            try await eventually("a new price after Redis is back", within: .seconds(40)) {
                try? await publish("67000.03", 3, to: writer)
                return try await get("/price").json()["price"]?.text == "67000.03"
            }
            #expect(try await get("/price").json()["live"]?.isTrue == true)
        }
        await writer.close()
        try await redis.stop()
        try await postgres.stop()
    }

    @Test func withoutAnyStoreItStartsAndSaysSo() async throws {
        let nowhere = try FreePort.next()
        let settings = settings(
            "postgresql://nobody:secret@127.0.0.1:\(nowhere)/none", "redis://:secret@127.0.0.1:\(nowhere)/0")
        try await withService(settings) { port in
            func get(_ path: String) async throws -> APIAnswer { try await APIAnswer.get(port: port, path) }
            #expect(try await get("/health").status == 200)
            #expect(try await get("/dashboard").status == 200)
            try await eventually("price is refused") { try await get("/price").status == 503 }
            try await eventually("history is refused") { try await get("/candles").status == 503 }
            try await eventually("not ready, with reasons") {
                let ready = try await get("/ready")
                let parts = try ready.json()["parts"]
                return ready.status == 503 && parts?["postgres"]?["reason"]?.text != nil
                    && parts?["redis"]?["state"]?.text == "failed"
            }
            #expect(!(try await get("/health").text.contains("secret")))
        }
    }

    @Test func anotherMarketsDataIsRefused() async throws {
        let server = try await PostgresServer.shared.get()
        let postgres = server.url(database: try await server.createDatabase("another_market"))
        let redis = try await RedisServer.start()
        let writer = RedisClient(try RedisConfiguration(url: redis.url))
        _ = try await writer.send(["SET", "market:source", "simulator:seed=1"])
        let wrong = settings(postgres, redis.url, ["MARKET_SOURCE": "binance"])
        let error = await #expect(throws: SourceMismatchError.self) {
            try await withService(wrong) { _ in try await Task.sleep(for: .seconds(30)) }
        }
        #expect(error?.description.contains("simulator:seed=1") == true)
        // Its own is served.
        try await withService(settings(postgres, redis.url, ["MARKET_SOURCE": "simulator:seed=1"])) { port in
            try await becomesReady(port)
        }
        await writer.close()
        try await redis.stop()
    }
}

/// Where the service listens; 0 until it does.
private final class ListeningPort: Sendable {
    private let value = Mutex(0)

    var number: Int {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

private struct TestService: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws { try await body() }
}
