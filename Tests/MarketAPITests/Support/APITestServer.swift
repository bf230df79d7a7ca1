import AsyncHTTPClient
import Hummingbird
import Logging
import MarketCore
import MarketWire
import Metrics
import NIOCore
import ServiceKit
import ServiceLifecycle
import Synchronization
import Testing
import WebSockets

@testable import MarketAPI

/// The API on a free port over a memory repository, for the time of a test. The board is fed by the test.
struct APITestServer: Sendable {
    let port: Int
    let board: LiveBoard
    let history: MemoryCandleRepository
    let health: HealthBoard

    static func with(
        symbols: [String] = ["BTCUSDT", "ETHUSDT"], time: TimeSource = .system,
        trades: TradeTail = TradeTail(), shownSettings: [(key: String, value: String?)] = [],
        configure: (inout APIConfiguration) -> Void = { _ in },
        server change: (inout WebSocketServerConfiguration) -> Void = { _ in },
        subscriptions: (LiveBoard) -> SubscriptionDesk? = { _ in nil },
        repository: (any CandleRepository)? = nil, system: SystemWatch? = nil,
        routes: [String: MarketAPI.Answer] = [:],
        _ body: (APITestServer) async throws -> Void
    ) async throws {
        var configuration = APIConfiguration(instruments: try symbols.map { try Sample.instrument($0) })
        configuration.assetsFolder = "/nonexistent"
        configure(&configuration)
        let board = LiveBoard(
            instruments: configuration.instruments, venueSilentAfterMillis: configuration.venueSilentAfterMillis,
            time: time, trades: trades)
        board.feedConnected()
        let history = MemoryCandleRepository()
        let health = HealthBoard()
        health.set("postgres", .ok)
        health.set("redis", .ok)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var server = WebSocketServerConfiguration()
        change(&server)
        let port = Mutex(0)
        let application = APIApplication.make(
            APIParts(
                configuration: configuration, board: board, history: repository ?? history, health: health,
                metrics: MetricsRegistry(), logger: logger, subscriptions: subscriptions(board),
                system: system, time: time, trades: trades, routes: routes, server: server,
                shownSettings: shownSettings),
            services: system.map { [$0] } ?? [], onRunning: { listening in port.withLock { $0 = listening } })
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually("the server listens") { port.withLock { $0 } != 0 }
            do {
                try await body(
                    APITestServer(port: port.withLock { $0 }, board: board, history: history, health: health))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> APIAnswer {
        try await APIAnswer.get(port: port, path, headers: headers)
    }

    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: ByteBuffer? = nil
    ) async throws -> APIAnswer {
        try await APIAnswer.send(method, port: port, path, headers: headers, body: body)
    }

    /// Connects, hears everything in the background, and leaves.
    func listening(
        _ path: String, _ body: (WebSocketSession, Heard) async throws -> Void
    ) async throws {
        let session = try await webSocket(path)
        let heard = Heard()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await heard.listen(to: session) }
            do { try await body(session, heard) } catch {
                await session.close()
                throw error
            }
            await session.close()
            try await tasks.waitForAll()
        }
    }

    func webSocket(_ path: String) async throws -> WebSocketSession {
        try await WebSocketClient().connect(to: "ws://127.0.0.1:\(port)\(path)")
    }
}

/// An answer with its body read.
struct APIAnswer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> JSONValue { try JSONValue(parsing: body) }

    /// Asks for nothing by itself and gives bodies as they came, compressed ones too. Lives as long as the process.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: .init(decompression: .disabled))

    static func get(port: Int, _ path: String, headers: [String: String] = [:]) async throws -> APIAnswer {
        try await send("GET", port: port, path, headers: headers)
    }

    static func send(
        _ method: String, port: Int, _ path: String, headers: [String: String] = [:], body: ByteBuffer? = nil
    ) async throws -> APIAnswer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(body) }
        let response = try await client.execute(request, timeout: .seconds(20))
        let body = try await response.body.collect(upTo: 16 << 20)
        var fields: [String: String] = [:]
        for (name, value) in response.headers { fields[name.lowercased()] = value }
        return APIAnswer(status: Int(response.status.code), headers: fields, body: Array(buffer: body))
    }
}

/// Waits for a condition, with a deadline.
///
/// - Parameter what: what was waited for, as it is at the end.
func eventually(
    _ what: @autoclosure () -> Comment, within: Duration = .seconds(20), _ condition: () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + within
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, what(), sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// What a WebSocket session was told, read in the background.
final class Heard: Sendable {
    private let messages = Mutex<[JSONValue]>([])

    /// Reads until the session ends.
    func listen(to session: WebSocketSession) async {
        for await message in session.messages {
            guard case .text(let text) = message, let value = try? JSONValue(parsing: Array(buffer: text)) else {
                continue
            }
            messages.withLock { $0.append(value) }
        }
    }

    var all: [JSONValue] { messages.withLock { $0 } }

    func all(_ type: String) -> [JSONValue] { all.filter { $0["type"]?.text == type } }
}
