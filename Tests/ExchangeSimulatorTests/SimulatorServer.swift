import AsyncHTTPClient
import Foundation
import Logging
import MarketWire
import NIOCore
import ServiceKit
import ServiceLifecycle
import Synchronization
import TestServers
import WebSockets

@testable import ExchangeSimulator

/// A wall clock that stands still until the test moves it.
final class ManualClock: Sendable {
    private let micros: Mutex<Int64>

    init(_ micros: Int64) { self.micros = Mutex(micros) }

    var now: Int64 { micros.withLock { $0 } }

    func set(_ value: Int64) { micros.withLock { $0 = value } }

    func advance(_ duration: Duration) { micros.withLock { $0 += duration.micros } }

    var source: TimeSource { TimeSource(wallMicros: { self.now }, monotonicMicros: { self.now }) }
}

/// The whole simulator on a free port for the time of a test.
struct SimulatorServer: Sendable {
    let port: Int
    let isSecure: Bool

    static func with(
        _ values: [String: String], time: TimeSource = .system, _ body: (SimulatorServer) async throws -> Void
    ) async throws {
        var logger = Logger(label: "simulator")
        logger.logLevel = .critical
        let settings = Settings(values.merging(["SIMULATOR_PORT": "0"]) { own, _ in own })
        let port = Mutex(0)
        let service = try ExchangeSimulatorService(
            ServiceContext(name: "exchange-simulator", settings: settings, logger: logger), time: time,
            onRunning: { listening in port.withLock { $0 = listening } })
        let group = ServiceGroup(
            configuration: .init(services: [RunningSimulator(service: service)], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await waitUntil("the simulator listens", withinMillis: 60_000) { port.withLock { $0 } != 0 }
                try await body(
                    SimulatorServer(port: port.withLock { $0 }, isSecure: values["SIMULATOR_TLS_CERT"] != nil))
            } catch {
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    // MARK: REST

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 16 << 20)
        return Answer(
            status: Int(response.status.code), body: Array(buffer: body),
            header: { response.headers.first(name: $0) })
    }

    /// The rows of a list.
    func rows(_ path: String) async throws -> [JSONValue] {
        let answer = try await get(path)
        guard let rows = try answer.json().elements else { throw ServerProblem("no list: \(answer.text)") }
        return rows
    }

    // MARK: Streams

    /// Connects, gathers what comes in the background, and closes.
    ///
    /// - Parameter settles: waits until the streams that the path names have begun: the answer to an upgrade comes
    ///   before, and a clock that is moved then leaves them behind.
    func listening(
        _ path: String, _ configuration: WebSocketClientConfiguration = .init(), settles: Bool = true,
        _ body: (WebSocketSession, Heard) async throws -> Void
    ) async throws {
        let session = try await WebSocketClient(configuration).connect(to: address(path))
        let heard = Heard()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await heard.listen(to: session) }
            do {
                if settles {
                    try await session.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":0}"#)
                    try await heard.wait("the streams have begun") { $0.forgetFirstReply() }
                }
                try await body(session, heard)
            } catch {
                await session.close()
                throw error
            }
            await session.close()
            try await tasks.waitForAll()
        }
    }

    func address(_ path: String) -> String {
        isSecure ? "wss://localhost:\(port)\(path)" : "ws://127.0.0.1:\(port)\(path)"
    }
}

struct Answer: Sendable {
    let status: Int
    let body: [UInt8]
    let header: @Sendable (String) -> String?

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> JSONValue { try JSONValue(parsing: body) }
}

/// What a stream's client was sent.
final class Heard: Sendable {
    private let messages = Mutex<[JSONValue]>([])

    func listen(to session: WebSocketSession) async {
        for await message in session.messages {
            guard let text = message.text, let value = try? JSONValue(parsing: Array(text.utf8)) else { continue }
            messages.withLock { $0.append(value) }
        }
    }

    var all: [JSONValue] { messages.withLock { $0 } }

    /// Payloads with an event of their own, unwrapped where they came combined.
    func events(_ name: String) -> [JSONValue] {
        all.map { $0["data"] ?? $0 }.filter { $0["e"]?.text == name }
    }

    /// Whether there was an answer, which is gone now.
    func forgetFirstReply() -> Bool {
        messages.withLock { messages in
            messages.firstIndex { $0["id"] != nil }.map { messages.remove(at: $0) } != nil
        }
    }

    /// Answers to requests.
    var replies: [JSONValue] { all.filter { $0["id"] != nil } }

    func wait(_ what: String, withinMillis: Int = 30_000, _ condition: (Heard) -> Bool) async throws {
        try await waitUntil(what, withinMillis: withinMillis, everyMillis: 5) { condition(self) }
    }
}

extension [JSONValue] {
    /// A whole number of each.
    func integers(_ name: String) -> [Int64] { compactMap { $0[name]?.integer } }
}

private struct RunningSimulator: Service {
    let service: ExchangeSimulatorService

    func run() async throws { try await service.run() }
}

/// Files of a test, in a folder of its own.
struct RecordingFolder: Sendable {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("recordings") }

    /// Writes a file and gives its path.
    func write(_ name: String, _ text: String) throws -> String {
        let path = folder.path + "/" + name
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    func remove() { folder.remove() }

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    /// Real trades, and the exchange's own candles of the same minutes.
    static let real = repository.appending(path: "Data/binance-spot-BTCUSDT-2020-01-02")
    static let realTrades = real.appending(path: "BTCUSDT-aggTrades-2020-01-02.part.csv").path
    static let realKlines = real.appending(path: "BTCUSDT-1m-2020-01-02-1511-1517.csv").path

    /// Single trades in Binance's layout: ids from 100 on, one each `step` milliseconds.
    static func trades(_ count: Int, from firstMillis: Int64 = 1_577_977_800_000, stepMillis: Int64 = 10) -> String {
        (0..<count).map { index in
            let time = firstMillis + Int64(index) * stepMillis
            return "\(100 + index),7000.0\(index % 10)000000,0.00100000,7.00000000,\(time),\(index % 2 == 0),True"
        }.joined(separator: "\n") + "\n"
    }
}
