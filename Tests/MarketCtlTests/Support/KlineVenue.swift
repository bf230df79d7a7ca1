import Hummingbird
import Logging
import Synchronization
import TestServers

/// Binance's `klines` over HTTP, answered from recorded ones.
struct KlineVenue: Sendable {
    let url: String

    static func with(_ body: (KlineVenue) async throws -> Void) async throws {
        let port = Mutex(0)
        var logger = Logger(label: "venue")
        logger.logLevel = .critical
        let router = Router()
        router.get("api/v3/klines") { request, _ in
            let query = request.uri.queryParameters
            guard query["symbol"] == "BTCUSDT", query["interval"] == "1m",
                let from = query["startTime"].flatMap({ Int64($0) }), let end = query["endTime"].flatMap({ Int64($0) }),
                let limit = query["limit"].flatMap({ Int($0) })
            else { return Response(status: .ok, body: .init(byteBuffer: .init(string: "[]"))) }
            let text = try RecordedMarket.klines(from: from, through: end, limit: limit)
            return Response(status: .ok, body: .init(byteBuffer: .init(string: text)))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.withLock { $0 = channel.localAddress?.port ?? 0 } }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try? await application.run() }
            try await waitUntil("the venue listens", withinMillis: 10_000) { port.withLock { $0 } != 0 }
            try await body(KlineVenue(url: "http://127.0.0.1:\(port.withLock { $0 })"))
            tasks.cancelAll()
        }
    }
}
