import Logging
import Metrics
import Synchronization
import WebSockets

/// Lets WebSocket clients in, up to a limit, and keeps count of them. Upgrades pass the router by, so the access log
/// and the metrics of WebSocket clients are written here.
final class WebSocketGate: Sendable {
    private let active = Atomic<Int>(0)
    private let limit: Int
    private let logger: Logger
    private let gauge = Gauge(label: "websocket_clients")
    private let refused = Counter(label: "websocket_clients_refused_total")

    init(limit: Int, logger: Logger) {
        self.limit = limit
        self.logger = logger
    }

    /// Clients connected now.
    var activeCount: Int { active.load(ordering: .relaxed) }

    /// Whether one more would be let in now.
    var hasRoom: Bool { activeCount < limit }

    /// Counts a client that was sent away before its upgrade.
    func refuse() { refused.increment() }

    /// Runs a session if there is room for it.
    func admit(
        _ session: WebSocketSession, path: String, _ body: (WebSocketSession) async throws -> Void
    ) async throws {
        let count = active.add(1, ordering: .relaxed).newValue
        defer { gauge.record(active.subtract(1, ordering: .relaxed).newValue) }
        guard count <= limit else {
            refused.increment()
            throw WebSocketCloseError(.tryAgainLater, "too many clients")
        }
        gauge.record(count)
        let remote = session.remoteAddress.map { "\($0)" } ?? "-"
        logger.info("websocket opened", metadata: ["path": "\(path)", "remote": "\(remote)"])
        defer {
            let closure = session.closure.map { "\($0)" } ?? "-"
            logger.info(
                "websocket closed", metadata: ["path": "\(path)", "remote": "\(remote)", "closure": "\(closure)"])
        }
        try await body(session)
    }
}
