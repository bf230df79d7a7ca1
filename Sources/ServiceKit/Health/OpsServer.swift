import Hummingbird
import Logging
import ServiceLifecycle

/// `/metrics`, `/health` and `/ready` of a service that has no other HTTP interface.
public struct OpsServer: Service {
    private let application: any ApplicationProtocol & Sendable

    /// - Parameters:
    ///   - host: address to listen on; loopback unless someone asked for more.
    ///   - port: 0 picks a free one, which is logged.
    public init(_ context: ServiceContext, host: String, port: Int) {
        let router = Router()
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: context.metrics.text())))
        }
        router.get("health") { _, _ in
            Self.answer(.ok, context.health.json(status: "ok", extra: [("version", "\"\(Version.text)\"")]))
        }
        router.get("ready") { _, _ in
            let isReady = context.health.isReady
            return Self.answer(
                isReady ? .ok : .serviceUnavailable, context.health.json(status: isReady ? "ready" : "not ready"))
        }
        var quiet = context.logger(for: "ops")
        quiet.logLevel = .warning
        let logger = context.logger(for: "ops")
        application = Application(
            router: router,
            configuration: .init(address: .hostname(host, port: port), serverName: context.name),
            onServerRunning: { channel in
                logger.info(
                    "metrics and health are served",
                    metadata: ["address": "\(channel.localAddress.map { "\($0)" } ?? "?")"])
            }, logger: quiet)
    }

    public func run() async throws { try await application.run() }

    /// Serves beside the service's body until the body ends.
    ///
    /// At a graceful shutdown this server ends at once while the body still has something to bring to its end; it must
    /// not be cancelled for that.
    ///
    /// - Throws: what the body throws, or why this server cannot run (its port is taken).
    public func run(beside body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await run()
                return false
            }
            group.addTask {
                try await body()
                return true
            }
            while let isBody = try await group.next() {
                if isBody { group.cancelAll() }
            }
        }
    }

    private static func answer(_ status: HTTPResponse.Status, _ body: String) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}
