import Hummingbird
import HummingbirdCore
import Logging
import ServiceKit
import ServiceLifecycle
import WebSockets

/// What the server is made from. Tests put in other repositories and feed the board themselves.
struct APIParts: Sendable {
    let configuration: APIConfiguration
    let board: LiveBoard
    let history: any CandleRepository
    let health: HealthBoard
    let metrics: MetricsRegistry
    let logger: Logger
    /// Nil where nothing can be changed.
    var subscriptions: SubscriptionDesk?
    /// Nil where nothing is known of the rest of the system.
    var system: SystemWatch?
    var time = TimeSource.system
    var trades = TradeTail()
    /// More routes, by path.
    var routes: [String: MarketAPI.Answer] = [:]
    /// Bounds and TLS of connections.
    var server = WebSocketServerConfiguration()
    /// What `/config` shows: no secrets.
    var shownSettings: [(key: String, value: String?)] = []
}

/// Routes, middleware, WebSockets and limits put together.
enum APIApplication {
    /// Bodies are not read by any route; more than this is refused at once.
    static let maxBodyBytes = 65_536

    /// - Parameters:
    ///   - services: what runs beside the server and stops after it.
    ///   - onRunning: told the port once the server listens.
    static func make(
        _ parts: APIParts, services: [any Service] = [], onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol & Sendable {
        let gate = ClientGate(limit: parts.configuration.maxWebSocketClients, logger: parts.logger)
        let requests = RequestGate(parts.configuration, time: parts.time)
        let reads = APIReads(parts)
        let status = StatusPublisher(
            board: parts.board, health: parts.health, configuration: parts.configuration, time: parts.time)
        let klines = KlineParts(parts, reads.history)
        parts.trades.add(parts.board)
        let upgrades = WebSocketUpgrades(parts: parts, reads: reads, gate: gate, requests: requests, hub: klines.hub)
        var serverLogger = parts.logger
        serverLogger.logLevel = max(serverLogger.logLevel, .warning)
        return Application(
            router: router(parts, reads, gate, requests, klines),
            server: .webSocketUpgrade(configuration: serverConfiguration(parts)) { request in
                upgrades.decide(request)
            },
            configuration: .init(
                address: .hostname(parts.configuration.host, port: parts.configuration.port),
                serverName: "market-api", backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(parts.configuration.maxConnections)),
            services: services + [status, klines.feeder],
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? parts.configuration.port
                let scheme = parts.server.tls == nil ? "http" : "https"
                parts.logger.notice(
                    "serving", metadata: ["address": "\(scheme)://\(parts.configuration.host):\(port)/dashboard"])
                await onRunning(port)
            }, logger: serverLogger)
    }

    private static func serverConfiguration(_ parts: APIParts) -> WebSocketServerConfiguration {
        var configuration = parts.server
        configuration.maxRequestBodyBytes = maxBodyBytes
        // They read requests and pass on what waits.
        configuration.keepsSessionsOnEventLoop = true
        configuration.compressionMarker = CompressionMiddleware.marker
        let problem = Problem(
            .malformedRequest, "What came cannot be read as HTTP/1.1: look at the request line and the header fields.")
        configuration.malformedRequestAnswer = MalformedRequestAnswer(
            contentType: Problem.mediaType, body: problem.json(path: "/"))
        return configuration
    }

    private static func router(
        _ parts: APIParts, _ reads: APIReads, _ gate: ClientGate, _ requests: RequestGate, _ klines: KlineParts
    ) -> Router<APIRequestContext> {
        let router = Router(context: APIRequestContext.self, options: .autoGenerateHeadEndpoints)
        let assets = DashboardAssets(
            folder: parts.configuration.dashboardFolder, assetsFolder: parts.configuration.assetsFolder)
        if !assets.hasChartLibrary {
            parts.logger.warning(
                "the dashboard has no chart: lightweight-charts.js is missing, scripts/setup installs it")
        }
        let pages = DashboardRoutes(assets: assets)
        let knownPaths = KnownPaths(
            get: ServiceRoutes.paths + SystemRoutes.paths + assets.names.map { "/dashboard/\($0)" } + ["/favicon.ico"],
            post: SubscriptionRoutes.paths)
        router.add(
            middleware: AccessLogMiddleware(
                logger: parts.logger, time: parts.time, metrics: RequestMetrics(), addresses: requests.addresses))
        router.add(middleware: CompressionMiddleware())
        router.add(middleware: SecurityHeadersMiddleware())
        router.add(
            middleware: CrossOriginMiddleware(
                knownPaths: knownPaths, origins: parts.configuration.crossOrigins))
        router.add(middleware: BinanceMiddleware())
        router.add(middleware: RateLimitMiddleware(gate: requests))
        router.add(middleware: ProblemMiddleware(knownPaths: knownPaths, maxBodyBytes: maxBodyBytes))
        router.add(middleware: OriginMiddleware(gate: requests))
        MarketRoutes(configuration: parts.configuration, board: parts.board, live: reads.live, time: parts.time)
            .add(to: router)
        CandleRoutes(
            configuration: parts.configuration, board: parts.board, live: reads.live, history: reads.history
        ).add(to: router)
        SummaryRoutes(board: parts.board, days: reads.days).add(to: router)
        ForerunnerRoutes(
            board: parts.board, live: reads.live, trades: parts.trades,
            numbers: PairNumbers(board: parts.board, history: reads.history), saved: reads.saved, days: reads.days,
            time: parts.time
        ).add(to: router)
        TradeRoutes(configuration: parts.configuration, board: parts.board, trades: parts.trades).add(to: router)
        ServiceRoutes(
            configuration: parts.configuration, board: parts.board, gate: gate, health: parts.health,
            metrics: parts.metrics, pages: pages, shownSettings: parts.shownSettings
        ).add(to: router)
        SystemRoutes(
            configuration: parts.configuration, board: parts.board, gate: gate, health: parts.health,
            watch: parts.system, pages: pages, time: parts.time, startedMicros: parts.time.wallMicros
        ).add(to: router)
        EventRoutes(configuration: parts.configuration, board: parts.board, gate: gate, metrics: FeedMetrics())
            .add(to: router)
        if let desk = parts.subscriptions {
            SubscriptionRoutes(authorization: Authorization(token: parts.configuration.token), desk: desk)
                .add(to: router)
        }
        BinanceRoutes(
            configuration: parts.configuration, board: parts.board, klines: klines.reader, days: klines.days,
            trades: parts.trades, time: parts.time
        ).add(to: router)
        UDFRoutes(configuration: parts.configuration, board: parts.board, klines: klines.reader, time: parts.time)
            .add(to: router)
        DocumentationRoutes().add(to: router)
        pages.add(to: router)
        for (path, answer) in parts.routes {
            router.get(RouterPath(path)) { request, _ in try await answer(request) }
        }
        return router
    }
}
