import HTTPTypes
import Hummingbird
import Logging
import MarketCore
import NIOCore
import ServiceLifecycle
import Synchronization
import TestServers
import WebSockets

@testable import Exchanges

/// A venue that does what a test wants with each connection, well-behaved or not.
struct ScriptedVenue: Sendable {
    /// Status, headers and body for a name below /api/v3 and its query.
    typealias RESTAnswer = @Sendable (_ name: String, _ query: [String: String]) -> (Int, [String: String], String)
    typealias Script = @Sendable (_ connection: Int, _ session: WebSocketSession) async throws -> Void

    let port: Int

    static func with(
        _ configuration: WebSocketServerConfiguration = .init(),
        exchangeInfo: (status: HTTPResponse.Status, body: String) = (.ok, "{}"),
        answer: @escaping RESTAnswer = { _, _ in (404, [:], "") }, script: @escaping Script = { _, _ in },
        _ body: (ScriptedVenue) async throws -> Void
    ) async throws {
        let connections = Mutex(0)
        let port = Mutex(0)
        var logger = Logger(label: "venue")
        logger.logLevel = .critical
        let router = Router()
        router.get("api/v3/exchangeInfo") { _, _ in
            Response(status: exchangeInfo.status, body: .init(byteBuffer: ByteBuffer(string: exchangeInfo.body)))
        }
        for name in ["historicalTrades", "aggTrades"] {
            router.get("api/v3/\(name)") { request, _ in
                let query = request.uri.queryParameters.reduce(into: [:]) { $0[String($1.key)] = String($1.value) }
                let (status, headers, body) = answer(name, query)
                var response = Response(
                    status: .init(code: status), body: .init(byteBuffer: ByteBuffer(string: body)))
                for (header, value) in headers {
                    if let field = HTTPField.Name(header) { response.headers[field] = value }
                }
                return response
            }
        }
        let application = Application(
            router: router,
            server: .webSocketUpgrade(configuration: configuration) { request in
                guard request.path == "/stream" else { return .dontUpgrade }
                return .upgrade([:]) { session in
                    let number = connections.withLock { count in
                        count += 1
                        return count
                    }
                    try await script(number, session)
                }
            },
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.withLock { $0 = channel.localAddress?.port ?? 0 } }, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await waitUntil("the venue listens", withinMillis: 30_000) { port.withLock { $0 } != 0 }
            do {
                try await body(ScriptedVenue(port: port.withLock { $0 }))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func feed(
        _ symbols: [String] = ["BTCUSDT"], configure: (inout BinanceFeed.Configuration) -> Void = { _ in }
    ) throws -> BinanceFeed {
        var configuration = BinanceFeed.Configuration(
            webSocketURL: "ws://127.0.0.1:\(port)", kind: .trade)
        configuration.rules.backoffFirst = .milliseconds(10)
        configuration.rules.backoffLongest = .milliseconds(20)
        configure(&configuration)
        let feed = BinanceFeed(configuration, rest: rest(), wallMicros: { 1 }, random: { 0.5 })
        _ = feed.lines.follow(try symbols.map { try Instrument(key: $0) })
        return feed
    }

    func rest(weightLimit: Int = 6_000) -> BinanceREST {
        BinanceREST(
            url: "http://127.0.0.1:\(port)", authoritiesPath: nil, weightLimit: weightLimit, wallMicros: { 1 },
            monotonicMicros: { 1 })
    }

    /// Runs a feed beside a test's body, and ends it.
    func follow(
        _ feed: BinanceFeed, _ receiver: RecordingReceiver, _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await feed.run(receiver) } catch is CancellationError {}
            }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// A trade's message.
    static func trade(_ id: Int) -> String {
        #"{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":\#(id),"p":"1.5","q":"2","T":1,"#
            + #""m":true,"M":true}}"#
    }

    /// Reads requests and answers them, until the session ends.
    static func answer(_ session: WebSocketSession, _ note: (String) -> Void = { _ in }) async throws {
        for await message in session.messages {
            guard let text = message.text else { continue }
            note(text)
            try await session.send(text: #"{"result":null,"id":1}"#)
        }
    }
}

/// Keeps what a feed hands over; may take its time or fail.
final class RecordingReceiver: TradeReceiver {
    private struct Contents {
        var ids: [Int64] = []
        var events: [ConnectionEvent] = []
    }

    private let contents = Mutex(Contents())
    private let onTrades: @Sendable ([Trade]) async throws -> Void

    init(onTrades: @escaping @Sendable ([Trade]) async throws -> Void = { _ in }) { self.onTrades = onTrades }

    func receive(_ trades: [Trade], from connection: String) async throws {
        contents.withLock { $0.ids += trades.map(\.tradeID) }
        try await onTrades(trades)
    }

    func connection(_ name: String, _ event: ConnectionEvent) { contents.withLock { $0.events.append(event) } }

    var ids: [Int64] { contents.withLock { $0.ids } }

    var connectedCount: Int {
        contents.withLock { $0.events.filter { if case .connected = $0 { true } else { false } }.count }
    }

    var releasedCount: Int {
        contents.withLock { $0.events.filter { if case .released = $0 { true } else { false } }.count }
    }

    var disconnections: [(reason: String, pause: Duration)] {
        contents.withLock { contents in
            contents.events.compactMap { event in
                guard case .disconnected(let reason, let pause) = event else { return nil }
                return (reason, pause)
            }
        }
    }

    var unusable: [(reason: String, excerpt: String)] {
        contents.withLock { contents in
            contents.events.compactMap { event in
                guard case .unusable(let reason, let excerpt) = event else { return nil }
                return (reason, excerpt)
            }
        }
    }
}
