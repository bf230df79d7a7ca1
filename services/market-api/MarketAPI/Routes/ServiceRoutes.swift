import Hummingbird
import MarketWire
import ServiceKit

/// What operators and probes ask: health, readiness, metrics, version; and what programs find at `/`.
struct ServiceRoutes: Sendable {
    static let paths =
        [
            "/", "/price", "/prices", "/candles", "/candles/last", "/current-candle", "/symbols", "/trades/recent",
            "/summary", "/dashboard", "/metrics", "/health", "/ready", "/version", "/config", "/feed", "/events",
            "/ws/price",
            "/ws", "/stream",
        ] + ForerunnerRoutes.paths + DocumentationRoutes.paths + BinanceRoutes.names.map { "/api/v3/\($0)" }
        + UDFRoutes.names.map { "/udf/\($0)" }

    let configuration: APIConfiguration
    let board: LiveBoard
    let gate: ClientGate
    let health: HealthBoard
    let metrics: MetricsRegistry
    let pages: DashboardRoutes
    let shownSettings: [(key: String, value: String?)]

    func add(to router: Router<APIRequestContext>) {
        router.get("health") { request, _ in try healthAnswer(request) }
        router.get("ready") { request, _ in try readyAnswer(request) }
        router.get("version") { request, _ in try versionAnswer(request) }
        router.get("config") { request, _ in try configAnswer(request) }
        router.get("metrics") { request, _ in try metricsAnswer(request) }
        router.get("/") { request, _ in try root(request) }
        router.get("feed") { request, _ in try upgradeRequired(request) }
        router.get("ws/price") { request, _ in try upgradeRequired(request) }
        router.get("ws/crypto/:symbol") { request, context in
            let instrument = try PathText.instrument(context)
            guard board.isFollowed(instrument) else { throw Problem.notFollowed(instrument) }
            return try upgradeRequired(request)
        }
        for path in ["ws", "ws/**", "stream"] {
            router.get(RouterPath(path)) { request, _ in
                try upgradeRequired(request, known: ["streams", "timeUnit"])
            }
        }
    }

    /// Liveness only: 200 while the process works, whatever the stores do.
    private func healthAnswer(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        let body = health.json(
            status: "ok",
            extra: [
                ("version", "\"\(Version.text)\""),
                ("crypto_provider", Self.quoted(configuration.marketSource)),
                ("active_websocket_connections", String(gate.webSocketCount)),
                ("active_event_clients", String(gate.eventCount)),
                (
                    "subscribed_symbols",
                    "["
                        + board.instruments.filter { $0.subscription?.isFollowed ?? true }
                        .map { Self.quoted($0.info.instrument.key) }.joined(separator: ",") + "]"
                ),
            ])
        return .json(bytes: Array(body.utf8))
    }

    /// The API can serve while one of its stores is there.
    private func readyAnswer(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        let parts = health.snapshot()
        let stores = [StoreGuard.part, RedisLiveSource.part].compactMap { parts[$0] }
        let isReady = health.isReady && stores.contains(.ok)
        return .json(
            isReady ? .ok : .serviceUnavailable, bytes: Array(health.json(status: isReady ? "ready" : "not ready").utf8)
        )
    }

    private func versionAnswer(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        return .json { writer in
            writer.beginObject()
            writer.field("name", "market-api")
            writer.field("version", Version.text)
            writer.endObject()
        }
    }

    /// What the service was told, without secrets. The first members are those of a forerunner.
    private func configAnswer(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        return .json { writer in
            writer.beginObject()
            writer.field("binance_symbol", configuration.defaultInstrument.symbol.lowercased())
            writer.field("binance_interval", configuration.defaultInterval.description)
            writer.field("api_host", configuration.host)
            writer.field("api_port", configuration.port)
            writer.key("settings")
            writer.beginObject()
            for (key, value) in shownSettings {
                writer.key(key)
                if let value { writer.string(value) } else { writer.null() }
            }
            writer.endObject()
            writer.endObject()
        }
    }

    private func metricsAnswer(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: metrics.text())))
    }

    /// The dashboard for browsers, a list of what there is for programs.
    private func root(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        var response: Response
        if Accept.prefersHTML(request.headers[.accept]) {
            response = pages.page(request)
        } else {
            response = .json { writer in
                writer.beginObject()
                writer.field("name", "market-stream")
                writer.field("version", Version.text)
                writer.field("source", configuration.marketSource)
                writer.field("simulated", configuration.marketSource.isSimulatedMarketSource)
                // These three are what a forerunner's clients look for.
                writer.field("message", "Exact candles and live prices: paths lists what there is.")
                writer.field("status", "running")
                writer.field("websocket_endpoint", "/ws/price")
                writer.key("paths")
                writer.beginArray()
                for path in Self.paths + SystemRoutes.paths + SubscriptionRoutes.paths { writer.string(path) }
                writer.endArray()
                writer.endObject()
            }
        }
        response.headers[.vary] = "Accept"
        return response
    }

    /// A plain request, or one that was not let in, to a path that speaks WebSocket.
    private func upgradeRequired(_ request: Request, known: [String] = []) throws(Problem) -> Response {
        _ = try QueryReader(request, known: known)
        if request.headers[.upgrade]?.lowercased() == "websocket" { try gate.requireRoom() }
        throw Problem(
            .upgradeRequired, "\(request.uri.path) speaks WebSocket: connect with ws:// on a fresh connection.")
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// The one question of content negotiation that matters here.
enum Accept {
    /// Whether a browser asks: HTML is named, and no less welcome than JSON.
    static func prefersHTML(_ accept: String?) -> Bool {
        guard let accept else { return false }
        var html = -1.0
        var json = -1.0
        for part in accept.split(separator: ",") {
            let fields = part.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard let type = fields.first else { continue }
            let weight =
                fields.dropFirst().compactMap { field in
                    field.hasPrefix("q=") ? Double(field.dropFirst(2)) : nil
                }.first ?? 1
            switch type {
            case "text/html", "application/xhtml+xml": html = max(html, weight)
            case "application/json": json = max(json, weight)
            default: break
            }
        }
        return html > 0 && html >= json
    }
}
