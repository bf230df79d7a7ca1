import Foundation
import FoundationNetworking
import KafkaClient
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit
import ServiceLifecycle
import Synchronization
import TestServers
import Testing

@testable import MarketProducer

/// The exchange simulator as a process, to be killed and stopped.
final class SimulatorProcess: Sendable {
    let port: Int
    private let folder: TemporaryFolder
    private let values: [String: String]
    private let process = Mutex<ServerProcess?>(nil)

    init(_ values: [String: String]) throws {
        port = try FreePort.next()
        folder = try TemporaryFolder("simulator")
        self.values = values
    }

    /// Starts it (again, on the same port).
    func start() async throws {
        let all = values.merging(["SIMULATOR_PORT": "\(port)", "LOG_LEVEL": "warning"]) { own, _ in own }
        let server = try await ServerProcess.start(
            name: "exchange-simulator", command: [try Self.executable()], environment: all,
            workingFolder: folder.path, logPath: folder.path + "/simulator.log", folderToRemove: folder)
        process.withLock { $0 = server }
        try await waitUntil("the simulator answers", withinMillis: 30_000) {
            guard server.isRunning else { throw ServerProblem(server.logTail()) }
            return (try? await URLSession.shared.data(from: self.address("/api/v3/ping")).0) == Data("{}".utf8)
        }
    }

    func killNow() async throws { try await process.withLock { $0 }?.killNow() }
    func pause() { process.withLock { $0 }?.send(signal: SIGSTOP) }
    func resume() { process.withLock { $0 }?.send(signal: SIGCONT) }

    func stop() async throws {
        try await killNow()
        folder.remove()
    }

    /// What the producer is pointed at.
    var settings: [String: String] {
        ["BINANCE_WS_URL": "ws://127.0.0.1:\(port)", "BINANCE_REST_URL": "http://127.0.0.1:\(port)"]
    }

    /// How far the market is.
    func lastTradeID(_ symbol: String) async throws -> Int64 {
        let (body, _) = try await URLSession.shared.data(from: address("/api/v3/trades?symbol=\(symbol)&limit=1"))
        return try #require(try JSONValue(parsing: Array(body))[0]?["id"]?.integer)
    }

    private func address(_ path: String) throws -> URL {
        try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
    }

    /// Built beside the tests.
    private static func executable() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        for folder in [own, CommandLine.arguments[0]].map({ URL(filePath: $0).deletingLastPathComponent() }) {
            let path = folder.appending(path: "exchange-simulator").path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        let build = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: ".build/debug/exchange-simulator").path
        guard FileManager.default.isExecutableFile(atPath: build) else {
            throw ServerProblem("exchange-simulator is not built beside the tests, nor at \(build)")
        }
        return build
    }
}

/// The metrics of the whole test process: the library takes one registry for good.
enum TestMetrics {
    static let registry: MetricsRegistry = {
        let registry = MetricsRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }()

    static func value(_ name: String) -> Int64 { registry.counterValue(name) }
}

/// A producer in this process, for the time of a test.
struct RunningProducer: Sendable {
    let health: HealthBoard

    /// Runs the service beside the body, then stops it gracefully.
    static func with(_ values: [String: String], _ body: (RunningProducer) async throws -> Void) async throws {
        _ = TestMetrics.registry
        let health = HealthBoard()
        let service = try MarketProducerService(context(values, health: health))
        let group = ServiceGroup(
            configuration: .init(services: [ProducerBody(service: service)], logger: quietLogger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(RunningProducer(health: health))
            } catch {
                await group.triggerGracefulShutdown()
                // What ended the service says more than that the test waited in vain; that it was stopped does not.
                do { try await tasks.waitForAll() } catch is CancellationError {}
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    static func context(_ values: [String: String], health: HealthBoard = HealthBoard()) -> ServiceContext {
        ServiceContext(
            name: "market-producer", settings: Settings(values.merging(["METRICS_PORT": "0"]) { own, _ in own }),
            logger: quietLogger, health: health)
    }

    static let quietLogger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    func wait(_ what: String, withinMillis: Int = 60_000, _ condition: ([String: PartState]) -> Bool) async throws {
        try await waitUntil(what, withinMillis: withinMillis) { condition(health.snapshot()) }
    }
}

private struct ProducerBody: Service {
    let service: MarketProducerService

    func run() async throws { try await service.run() }
}

/// A topic read to its end.
enum LogContents {
    /// Nothing of a topic that is not there yet: who waits asks again. A broker that has only just come back is asked
    /// until it answers.
    static func records(_ broker: KafkaBroker, _ topic: String) async throws -> [KafkaRecord] {
        var found: [KafkaRecord] = []
        try await waitUntil("\(topic) can be read", withinMillis: 60_000, everyMillis: 250) {
            do {
                found = try await read(broker, topic)
                return true
            } catch let error as KafkaError where error.code == .unknownTopicOrPartition {
                return true
            } catch let error as KafkaError where error.isRetriable {
                return false
            }
        }
        return found
    }

    private static func read(_ broker: KafkaBroker, _ topic: String) async throws -> [KafkaRecord] {
        let reader = try KafkaReader(broker.configuration("test-reader"), topic: topic)
        let records = Mutex<[KafkaRecord]>([])
        let outcome: Result<Void, any Error>
        do {
            try await reader.readToEnd(timeoutMillis: 60_000) { record in records.withLock { $0.append(record) } }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await reader.close()
        try outcome.get()
        return records.withLock { $0 }
    }

    /// The ids of each symbol, in the order of the log.
    static func tradeIDs(_ broker: KafkaBroker, _ topic: String) async throws -> [String: [Int64]] {
        var ids: [String: [Int64]] = [:]
        for record in try await records(broker, topic) {
            guard case .trade(let trade) = try TradeRecord.decode(record.value ?? []) else { continue }
            ids[trade.instrument.key, default: []].append(trade.tradeID)
        }
        return ids
    }

    /// Ids that are missing between the lowest and the highest.
    static func missing(_ ids: [Int64]) -> [Int64] {
        guard let low = ids.min(), let high = ids.max() else { return [] }
        return Array(Set(low...high).subtracting(ids)).sorted()
    }

    /// The newest record of a key, of a compacted topic.
    static func latest<Record: WireRecord>(
        _ broker: KafkaBroker, _ topic: String, key: String, as type: Record.Type = Record.self
    ) async throws -> Record? {
        try await records(broker, topic).last { $0.key == Array(key.utf8) }.flatMap { try $0.value.map(Record.init) }
    }
}

/// This process's resident memory.
enum Memory {
    static func residentMegabytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        let kilobytes = try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
        return kilobytes / 1_024
    }
}
