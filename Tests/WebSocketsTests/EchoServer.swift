import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing
import WebSockets

/// Waits for a condition, with a deadline.
func eventually(
    _ what: Comment, within: Duration = .seconds(30), _ condition: () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + within
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Reads messages until `count` have come, which are the numbers from 0 on.
func expectNumbers(
    _ count: Int, from session: WebSocketSession, sourceLocation: SourceLocation = #_sourceLocation
) async {
    var next = 0
    while next < count, let batch = await session.nextBatch() {
        for message in batch {
            #expect(message.text == "\(next)", sourceLocation: sourceLocation)
            next += 1
        }
    }
    #expect(next == count, sourceLocation: sourceLocation)
}

/// What sessions of a test's server report.
final class SessionLog: Sendable {
    private let contents = Mutex<(sessions: [WebSocketSession], errors: [String])>(([], []))

    func add(_ session: WebSocketSession) { contents.withLock { $0.sessions.append(session) } }
    func add(error: any Error) { contents.withLock { $0.errors.append("\(error)") } }

    var sessions: [WebSocketSession] { contents.withLock { $0.sessions } }
    var errors: [String] { contents.withLock { $0.errors } }

    func first() async throws -> WebSocketSession {
        try await eventually("a session began") { !self.sessions.isEmpty }
        return sessions[0]
    }
}

/// A Hummingbird application with WebSockets on a free port for the time of a test.
struct TestServer {
    let port: Int
    let log: SessionLog
    let group: ServiceGroup

    var address: String { "ws://127.0.0.1:\(port)" }

    static func with(
        _ configuration: WebSocketServerConfiguration = .init(),
        decide: WebSocketUpgradeDecider? = nil,
        session: @escaping WebSocketHandler = Self.echo,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let router = Router()
        router.get("plain") { _, _ in "plain" }
        router.get("refused") { _, _ in
            Response(
                status: .tooManyRequests, headers: [.retryAfter: "7", .contentType: "text/plain"],
                body: .init(byteBuffer: ByteBuffer(string: "too many")))
        }
        router.get("ws") { _, _ in Response(status: .upgradeRequired) }
        router.post("plain") { request, _ in
            var request = request
            return String(buffer: try await request.collectBody(upTo: 1_024))
        }
        let log = SessionLog()
        let decider: WebSocketUpgradeDecider =
            decide ?? { request in
                guard request.path == "/ws" else { return .dontUpgrade }
                return .upgrade([:]) {
                    log.add($0); try await session($0)
                }
            }
        let port = Mutex(0)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: router, server: .webSocketUpgrade(configuration: configuration, shouldUpgrade: decider),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.withLock { $0 = channel.localAddress?.port ?? 0 } }, logger: logger)
        let group = ServiceGroup(
            configuration: .init(services: [application], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually("the server runs") { port.withLock { $0 } != 0 }
            do {
                try await body(TestServer(port: port.withLock { $0 }, log: log, group: group))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    static func echo(_ session: WebSocketSession) async throws {
        for await message in session.messages {
            switch message {
            case .text(let bytes): try await session.send(text: bytes)
            case .binary(let bytes): try await session.send(binary: bytes)
            }
        }
    }
}
