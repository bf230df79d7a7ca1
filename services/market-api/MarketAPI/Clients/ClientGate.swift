import Logging
import Metrics
import Synchronization
import WebSockets

/// Lets clients in that stay, over WebSockets or server-sent events, up to a limit, and keeps count of them. Upgrades
/// pass the router by, so the access log and the metrics of WebSocket clients are written here.
final class ClientGate: Sendable {
    private let webSockets = Atomic<Int>(0)
    private let events = Atomic<Int>(0)
    private let limit: Int
    private let logger: Logger
    private let webSocketGauge = Gauge(label: "websocket_clients")
    private let eventGauge = Gauge(label: "event_clients")
    private let refused = Counter(label: "websocket_clients_refused_total")

    /// - Parameter limit: of both kinds together.
    init(limit: Int, logger: Logger) {
        self.limit = limit
        self.logger = logger
    }

    /// WebSocket clients connected now.
    var webSocketCount: Int { webSockets.load(ordering: .relaxed) }

    /// Clients of server-sent events connected now.
    var eventCount: Int { events.load(ordering: .relaxed) }

    /// Whether one more would be let in now.
    var hasRoom: Bool { webSocketCount + eventCount < limit }

    /// - Throws: ``Problem`` where there is no room; the client is counted as refused.
    func requireRoom() throws(Problem) {
        guard !hasRoom else { return }
        refused.increment()
        throw Problem(
            .tooManyClients,
            "\(limit) clients are connected, which is the limit (MAX_WEBSOCKET_CLIENTS). Try again in a moment.",
            retryAfterSeconds: 5)
    }

    /// Runs a WebSocket session if there is room for it.
    ///
    /// - Parameter remote: the client's address.
    func admit(
        _ session: WebSocketSession, path: String, remote: String, _ body: (WebSocketSession) async throws -> Void
    ) async throws {
        let count = webSockets.add(1, ordering: .relaxed).newValue
        defer { webSocketGauge.record(webSockets.subtract(1, ordering: .relaxed).newValue) }
        guard count + eventCount <= limit else {
            refused.increment()
            throw WebSocketCloseError(.tryAgainLater, "too many clients")
        }
        webSocketGauge.record(count)
        logger.info("websocket opened", metadata: ["path": "\(path)", "remote": "\(remote)"])
        defer {
            let closure = session.closure.map { "\($0)" } ?? "-"
            logger.info(
                "websocket closed", metadata: ["path": "\(path)", "remote": "\(remote)", "closure": "\(closure)"])
        }
        try await body(session)
    }

    /// Runs a client of server-sent events if there is room for it: it is ended at once where another came first.
    func admitEvents(remote: String, _ body: () async throws -> Void) async throws {
        let count = events.add(1, ordering: .relaxed).newValue
        defer { eventGauge.record(events.subtract(1, ordering: .relaxed).newValue) }
        guard count + webSocketCount <= limit else { return refused.increment() }
        eventGauge.record(count)
        logger.info("events opened", metadata: ["remote": "\(remote)"])
        defer { logger.info("events closed", metadata: ["remote": "\(remote)"]) }
        try await body()
    }
}
