import KafkaClient
import Logging
import Synchronization

/// What every service does alike with Kafka: its configuration, its logs, its topics.
public struct KafkaSetup: Sendable {
    public let configuration: KafkaConfiguration
    private let logger: Logger
    private let complaints: Complaints

    /// - Parameters:
    ///   - context: its settings give brokers and `KAFKA_CLIENT_*`.
    ///   - time: its monotonic clock says when a complaint that librdkafka repeats is logged again.
    /// - Throws: ``SettingsError``.
    public init(_ context: ServiceContext, time: TimeSource = .system) throws(SettingsError) {
        let logger = context.logger(for: "kafka")
        self.logger = logger
        let complaints = Complaints(logger: logger, time: time)
        self.complaints = complaints
        let settings = context.settings
        configuration = KafkaConfiguration(
            brokers: try settings.value(SharedSettings.kafkaBrokers), clientID: context.name,
            properties: KafkaConfiguration.properties { settings.text(forKey: $0) },
            onEvent: { event in
                switch event {
                case .log(let level, let facility, let message):
                    complaints.log(Self.level(level), message, ["facility": "\(facility)"])
                    if facility == "FAIL" { complaints.noteFailure(message) }
                case .error(let error):
                    complaints.log(.warning, "\(error)", [:])
                case .statistics:
                    break
                }
            })
        if let warning = KafkaVersion.warning { logger.warning("\(warning)") }
    }

    /// Creates the topics that are not there, or waits until somebody else did, as long as it takes.
    ///
    /// - Throws: `CancellationError`.
    public func ensureTopics(
        _ topics: [TopicDefinition], mayCreate: Bool, through admin: KafkaAdmin, health: HealthBoard
    ) async throws {
        var attempt = 0
        while true {
            try Task.checkCancellation()
            do throws(KafkaError) {
                let missing = try await missingTopics(topics, admin)
                if missing.isEmpty {
                    health.set("kafka", .ok)
                    return
                }
                if mayCreate { try await create(missing, admin) }
                report(
                    "topics \(missing.map(\.name).joined(separator: ", ")) are not there"
                        + (mayCreate ? " yet" : " and KAFKA_CREATE_TOPICS is false"), attempt, health)
            } catch {
                report("the broker cannot be used: \(Self.reason(error, complaints.lastFailure))", attempt, health)
            }
            attempt += 1
            try await Task.sleep(for: .milliseconds(min(5_000, 100 << min(attempt, 6))))
        }
    }

    /// Why no broker can be used. librdkafka goes on trying and says "transport" whatever it is, so what the last
    /// connection ended with (a certificate, a password) says more.
    static func reason(_ error: KafkaError, _ lastFailure: String?) -> String {
        guard [.transport, .timedOut, .allBrokersDown].contains(error.code), let lastFailure else { return "\(error)" }
        let isRefused = lastFailure.contains("SSL") || lastFailure.contains("SASL")
        return "\(lastFailure); \((isRefused ? KafkaError.Code.authentication : error.code).advice)"
    }

    private func missingTopics(_ topics: [TopicDefinition], _ admin: KafkaAdmin) async throws(KafkaError)
        -> [TopicDefinition]
    {
        let known = try await admin.metadata(timeoutMillis: 5_000).topics
        return topics.filter { known[$0.name] == nil }
    }

    private func create(_ topics: [TopicDefinition], _ admin: KafkaAdmin) async throws(KafkaError) {
        let outcomes = try await admin.createTopics(
            topics.map {
                NewTopic(
                    $0.name, partitions: $0.partitions, replication: $0.replication, configuration: $0.configuration)
            })
        for (name, outcome) in outcomes {
            switch outcome {
            case .created: logger.info("topic created", metadata: ["topic": "\(name)"])
            case .alreadyExists: break
            case .failed(let error):
                logger.error("topic cannot be created", metadata: ["topic": "\(name)", "error": "\(error)"])
            }
        }
    }

    func report(_ reason: String, _ attempt: Int, _ health: HealthBoard) {
        health.set("kafka", .starting(reason))
        if attempt == 3 || attempt.isMultiple(of: 20), attempt > 0 { logger.warning("waiting: \(reason)") }
    }

    private static func level(_ level: KafkaLogLevel) -> Logger.Level {
        switch level {
        case .emergency, .alert, .critical: .critical
        case .error: .error
        case .warning: .warning
        case .notice, .info: .debug
        case .debug: .trace
        }
    }
}

/// librdkafka's lines, without the repetitions.
private final class Complaints: Sendable {
    private let logger: Logger
    private let time: TimeSource
    private let filter = Mutex(RepeatFilter())
    private let failure = Mutex<String?>(nil)

    init(logger: Logger, time: TimeSource) {
        self.logger = logger
        self.time = time
    }

    /// What the last connection that failed ended with.
    var lastFailure: String? { failure.withLock { $0 } }

    /// Keeps a line about a connection, without the thread it is of: `[thrd:...]: `.
    func noteFailure(_ line: String) {
        let text = line.firstRange(of: "]: ").map { String(line[$0.upperBound...]) } ?? line
        failure.withLock { $0 = text }
    }

    func log(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        guard level >= logger.logLevel else { return }
        let now = time.monotonicMicros
        guard let leftOut = filter.withLock({ $0.admit(message, nowMicros: now) }) else { return }
        var metadata = metadata
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        logger.log(level: level, "\(message)", metadata: metadata)
    }
}
