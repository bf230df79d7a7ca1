import Exchanges
import Hummingbird
import MarketCore
import PostgresClient
import RedisClient
import ServiceKit
import WebSockets

/// The HTTP and WebSocket service in front of candles and live prices.
public enum MarketAPI {
    /// What answers to GET at a path.
    package typealias Answer = @Sendable (Request) async throws -> Response

    /// The executable's whole content.
    public static let program = program(with: [:])

    /// The service with more routes behind the same middleware, by path: what a program that measures it compares with.
    package static func program(with routes: [String: Answer]) -> ServiceProgram {
        ServiceProgram(
            name: "market-api",
            summary: "candles, prices and the dashboard over HTTP and WebSocket",
            examples: [
                "market-api --api-port 8000 --symbols BTCUSDT,ETHUSDT",
                "curl 'http://127.0.0.1:8000/candles?symbol=BTCUSDT&interval=1m&limit=5'",
            ],
            settings: APISettings.all, metrics: APIMetrics.all
        ) { context in try await run(context, routes: routes) }
    }

    /// - Parameters:
    ///   - routes: beside the service's own.
    ///   - onRunning: told the port once the server listens.
    static func run(
        _ context: ServiceContext, routes: [String: Answer] = [:],
        onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws {
        let configuration = try APIConfiguration(context.settings)
        let time = TimeSource.system
        let trades = TradeTail(
            bounds: .init(perInstrument: try context.settings.value(APISettings.recentTrades)))
        let board = LiveBoard(
            instruments: configuration.instruments, venueSilentAfterMillis: configuration.venueSilentAfterMillis,
            time: time, trades: trades)

        var postgres = try PostgresConfiguration(url: try context.settings.value(SharedSettings.postgresURL))
        postgres.applicationName = context.name
        // A reader that waits longer than this is better told so.
        postgres.statementTimeoutMillis = 5_000
        postgres.replyTimeoutMillis = 8_000
        var poolOptions = PostgresPoolOptions()
        poolOptions.size = try context.settings.value(APISettings.postgresPoolSize)
        poolOptions.backoff.maxMillis = 2_000
        let pool = PostgresPool(postgres, poolOptions)
        let history = PostgresHistory(pool: pool, time: time, logger: context.logger(for: StoreGuard.part))

        let redisLogger = context.logger(for: RedisLiveSource.part)
        let redis = RedisClient(
            try RedisConfiguration(url: try context.settings.value(SharedSettings.redisURL)),
            report: { event in redisLogger.debug("redis connection", metadata: ["event": "\(event)"]) })

        let kafka = try KafkaSetup(context.quiet)
        let catalog = try TopicCatalog(context.settings)
        let subscriptions = SubscriptionDesk(
            catalogs: try catalogs(context.settings, time), kafka: kafka.configuration,
            topic: catalog.subscriptions.name, board: board, time: time, logger: context.logger(for: "subscriptions"))

        let system = SystemWatch(
            pool: pool, redis: redis, kafka: kafka.configuration, topic: catalog.trades.name,
            interval: configuration.intervals.min() ?? .base, time: time)

        var server = WebSocketServerConfiguration()
        if let tls = configuration.tls {
            do {
                try await server.useTLS(certificate: tls.certificate, key: tls.key)
            } catch {
                throw SettingsError.unusable(
                    APISettings.tlsCertificate, text: tls.certificate,
                    SettingProblem("a PEM file that goes with API_TLS_KEY: \(error)"))
            }
        }
        let application = APIApplication.make(
            APIParts(
                configuration: configuration, board: board, history: history, health: context.health,
                metrics: context.metrics, logger: context.logger, subscriptions: subscriptions, system: system,
                time: time, trades: trades, routes: routes, server: server,
                shownSettings: context.settings.shownValues(APISettings.all + SharedSettings.common)),
            services: [
                StoreGuard(
                    pool: pool, configuration: postgres, history: history, board: board, health: context.health,
                    marketSource: configuration.marketSource,
                    migratesSchema: try context.settings.value(APISettings.migrate) == "auto",
                    logger: context.logger(for: StoreGuard.part)),
                RedisLiveSource(
                    client: redis, board: board, health: context.health, marketSource: configuration.marketSource,
                    logger: redisLogger),
                system,
                HeartbeatFollower(
                    kafka: kafka.configuration, topic: catalog.heartbeat.name, book: system.producers,
                    logger: context.logger(for: "heartbeats")),
                LogGuard(kafka: kafka, catalog: catalog, source: configuration.marketSource),
                SubscriptionFollower(
                    kafka: kafka, catalog: catalog, board: board, logger: context.logger(for: "subscriptions")),
                TradeTailReader(
                    kafka: kafka.configuration, topic: try context.settings.value(SharedSettings.kafkaTradesTopic),
                    tail: trades, health: context.health, logger: context.logger(for: TradeTailReader.part),
                    fetchWait: try context.settings.value(APISettings.tradeFetchWait)),
            ], onRunning: onRunning)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await application.run()) } catch { outcome = .failure(error) }
        await subscriptions.close()
        await redis.close()
        await pool.close()
        try outcome.get()
    }

    /// Where venues are asked whether they have an instrument.
    private static func catalogs(
        _ settings: Settings, _ time: TimeSource
    ) throws(SettingsError) -> [String: any VenueCatalog] {
        let rest = BinanceREST(
            url: try settings.value(SharedSettings.binanceRESTURL),
            authoritiesPath: try settings.optionalValue(SharedSettings.binanceCAFile),
            weightLimit: venueWeightLimit, wallMicros: { time.wallMicros }, monotonicMicros: { time.monotonicMicros })
        return [
            Instrument.defaultVenue: BinanceCatalog(rest),
            CoinbaseFeed.name: CoinbaseCatalog(url: try settings.value(SharedSettings.coinbaseRESTURL)),
            KrakenFeed.name: KrakenCatalog(url: try settings.value(SharedSettings.krakenRESTURL)),
        ]
    }

    /// Of Binance's 6,000 a minute, which producers need more.
    private static let venueWeightLimit = 600
}

extension ServiceContext {
    /// The same context with errors alone in its log. A broker that is down is no news here: the processor tells it,
    /// and health and feed show it.
    var quiet: ServiceContext {
        var logger = logger
        logger.logLevel = .error
        return ServiceContext(name: name, settings: settings, logger: logger, health: health, metrics: metrics)
    }
}
