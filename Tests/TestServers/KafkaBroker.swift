import Foundation
import KafkaClient
import Synchronization

/// A private Apache Kafka (or, where there is none, a broker that speaks its protocol) on free ports of loopback, in
/// a temporary folder.
///
/// Apache Kafka is looked for in `KAFKA_HOME`, then in `../shared/kafka` beside the repository.
public final class KafkaBroker: Sendable {
    /// One broker for all tests of the process.
    public static let shared = SharedServer { try await KafkaBroker.start() }

    /// Whether Apache Kafka is here; only it can be killed and started again on the same log.
    public static let availability: ServerAvailability = {
        do {
            _ = try KafkaDistribution.find()
            return .available
        } catch {
            return .unavailable(reason: "\(error)")
        }
    }()

    /// What clients connect to, `host:port`.
    public let brokers: String
    private let distribution: KafkaDistribution
    private let folder: TemporaryFolder
    private let settingsPath: String
    private let process: Mutex<ServerProcess?>
    private let topicCount = Mutex(0)

    /// Starts a broker and waits until it answers.
    ///
    /// - Parameter settings: Further broker settings under Kafka's names; they win over the helper's.
    public static func start(settings: [String: String] = [:]) async throws -> KafkaBroker {
        let distribution = try KafkaDistribution.find()
        let folder = try TemporaryFolder("kafka")
        let (port, controllerPort) = (try FreePort.next(), try FreePort.next())
        let path = folder.path + "/broker.properties"
        let all = KafkaDistribution.settings(port: port, controllerPort: controllerPort, folder: folder.path)
            .merging(settings) { $1 }
        try all.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "\n")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let broker = KafkaBroker(distribution: distribution, folder: folder, settingsPath: path, port: port)
        try await broker.format()
        try await broker.restart()
        return broker
    }

    private init(distribution: KafkaDistribution, folder: TemporaryFolder, settingsPath: String, port: Int) {
        self.distribution = distribution
        self.folder = folder
        self.settingsPath = settingsPath
        brokers = "127.0.0.1:\(port)"
        process = Mutex(nil)
    }

    /// A name no other test of this process uses.
    public func uniqueTopic(_ name: String) -> String {
        let number = topicCount.withLock { count in
            count += 1
            return count
        }
        return "\(name)-\(number)"
    }

    /// A configuration for it.
    ///
    /// - Parameter clientID: The client's name.
    public func configuration(_ clientID: String = "test", properties: [String: String] = [:]) -> KafkaConfiguration {
        KafkaConfiguration(brokers: brokers, clientID: clientID, properties: properties)
    }

    /// Makes a topic with a name of its own.
    public func makeTopic(_ name: String, partitions: Int = 1, configuration: [String: String] = [:]) async throws
        -> String
    {
        let topic = uniqueTopic(name)
        let admin = try KafkaAdmin(self.configuration("test-admin"))
        let outcomes = try await admin.createTopics(
            [NewTopic(topic, partitions: partitions, configuration: configuration)], timeoutMillis: 90_000)
        await admin.close()
        guard outcomes[topic] == .created else {
            throw ServerProblem("topic \(topic) was not created: \(outcomes)")
        }
        return topic
    }

    /// Kills it with SIGKILL, as a crash would.
    public func killNow() async throws { try await process.withLock { $0 }?.killNow() }

    /// Stops or continues its process without ending it, as a machine that hangs would.
    public func pause() { process.withLock { $0 }?.send(signal: SIGSTOP) }
    public func resume() { process.withLock { $0 }?.send(signal: SIGCONT) }

    /// Starts it (again, on the same log) and waits until it answers.
    public func restart() async throws {
        let server = try await ServerProcess.start(
            name: "kafka", command: distribution.startCommand(settingsPath: settingsPath),
            environment: distribution.environment, logPath: folder.path + "/kafka.log", folderToRemove: folder)
        process.withLock { $0 = server }
        do {
            try await waitUntilItAnswers(server)
        } catch {
            let tail = server.logTail()
            try? await server.killNow()
            throw ServerProblem("kafka does not answer on \(brokers): \(error)\n\(tail)")
        }
    }

    /// Ends it and removes its folder.
    public func stop() async throws {
        if let server = process.withLock({ $0 }) { try await server.killNow() }
        process.withLock { $0 = nil }
        folder.remove()
    }

    private func waitUntilItAnswers(_ server: ServerProcess) async throws {
        let admin = try KafkaAdmin(configuration("test-start"))
        do {
            try await waitUntil("an answer to a metadata request", withinMillis: 90_000, everyMillis: 100) {
                guard server.isRunning else { throw ServerProblem("it has ended") }
                let known = try? await admin.metadata(timeoutMillis: 2_000)
                return known?.brokers.isEmpty == false
            }
        } catch {
            await admin.close()
            throw error
        }
        await admin.close()
    }

    private func format() async throws {
        let server = try await ServerProcess.start(
            name: "kafka-storage", command: distribution.formatCommand(settingsPath: settingsPath),
            environment: distribution.environment, logPath: folder.path + "/format.log")
        try await waitUntil("the log folder is formatted", withinMillis: 60_000) { !server.isRunning }
        guard FileManager.default.fileExists(atPath: folder.path + "/logs/meta.properties") else {
            throw ServerProblem("kafka: the log folder could not be formatted\n\(server.logTail())")
        }
    }
}

/// Where Apache Kafka lies and how it is started.
struct KafkaDistribution: Sendable {
    let home: String

    static func find() throws(ServerProblem) -> KafkaDistribution {
        let given = ProcessInfo.processInfo.environment["KAFKA_HOME"]
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let beside = repository.deletingLastPathComponent().appendingPathComponent("shared/kafka").path
        for home in [given, beside].compactMap(\.self) where isExecutable(home + "/bin/kafka-server-start.sh") {
            guard hasJava else {
                throw ServerProblem("no Java for Apache Kafka: install openjdk-17-jre-headless or set JAVA_HOME")
            }
            return KafkaDistribution(home: home)
        }
        if let given { throw ServerProblem("KAFKA_HOME=\(given) has no bin/kafka-server-start.sh") }
        throw ServerProblem("no Apache Kafka: set KAFKA_HOME to a distribution")
    }

    /// A crash is told by the session's end, so that is short; replication is that of a single broker.
    static func settings(port: Int, controllerPort: Int, folder: String) -> [String: String] {
        [
            "node.id": "1",
            "process.roles": "broker,controller",
            "controller.quorum.voters": "1@127.0.0.1:\(controllerPort)",
            "listeners": "PLAINTEXT://127.0.0.1:\(port),CONTROLLER://127.0.0.1:\(controllerPort)",
            "advertised.listeners": "PLAINTEXT://127.0.0.1:\(port)",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": folder + "/logs",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "auto.create.topics.enable": "false",
            "broker.session.timeout.ms": "1000",
            "broker.heartbeat.interval.ms": "333",
        ]
    }

    func formatCommand(settingsPath: String) -> [String] {
        [home + "/bin/kafka-storage.sh", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", settingsPath]
    }

    func startCommand(settingsPath: String) -> [String] { [home + "/bin/kafka-server-start.sh", settingsPath] }

    /// A test's broker is small.
    var environment: [String: String] { ["KAFKA_HEAP_OPTS": "-Xms128m -Xmx512m"] }

    private static var hasJava: Bool {
        let environment = ProcessInfo.processInfo.environment
        if let home = environment["JAVA_HOME"] { return isExecutable(home + "/bin/java") }
        return (environment["PATH"] ?? "").split(separator: ":").contains { isExecutable("\($0)/java") }
    }

    private static func isExecutable(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }
}
