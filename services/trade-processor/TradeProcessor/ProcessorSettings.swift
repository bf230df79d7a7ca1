import MarketCore
import ServiceKit

/// What the processor does when the broker's log is not the one it knew (DESIGN section 4, "Another log").
public enum NewLogPolicy: String, Sendable, CaseIterable {
    /// The partition stops, the process stays up and says the way out.
    case halt
    /// The new log is taken from its start; what the old one held is missing until it is backfilled.
    case `continue`
}

/// The processor's configuration, read once.
public struct ProcessorSettings: Sendable {
    public static let groupID = Setting.text(
        "KAFKA_GROUP_ID", help: "consumer group of the processors", default: "trade-processor")
    public static let outOfOrderness = Setting<Duration>.duration(
        "OUT_OF_ORDERNESS", help: "how far behind the newest trade a window stays open", default: "2s")
    public static let idleTimeout = Setting<Duration>.duration(
        "IDLE_TIMEOUT", help: "how long a drained partition is quiet before its time goes on by the clock",
        default: "5s")
    public static let maxFuture = Setting<Duration>.duration(
        "MAX_FUTURE", help: "a trade further ahead of its record's time than this is quarantined", default: "2h")
    public static let onNewLog = Setting<NewLogPolicy>(
        "ON_NEW_LOG", help: "halt or continue when the topic was made anew", default: "halt"
    ) { text throws(SettingProblem) in
        guard let policy = NewLogPolicy(rawValue: text) else { throw SettingProblem("halt or continue") }
        return policy
    }
    public static let liveFlushInterval = Setting<Duration>.duration(
        "LIVE_FLUSH_INTERVAL", in: .milliseconds(1) ... .seconds(10), help: "pause between two writes to Redis",
        default: "50ms")
    public static let commitInterval = Setting<Duration>.duration(
        "COMMIT_INTERVAL", in: .milliseconds(50) ... .seconds(60),
        help: "a commit is made at least this often while trades come in", default: "1s")
    public static let migrate = Setting.choice(
        "MIGRATE", of: ["auto", "off"], help: "whether the schema is brought up to date at start", default: "auto")
    public static let sessionTimeout = Setting<Duration>.duration(
        "KAFKA_SESSION_TIMEOUT", in: .seconds(1) ... .seconds(1_800),
        help: "how long the group waits for a silent processor", default: "10s")
    public static let processorID = Setting<String>.text(
        "PROCESSOR_ID", help: "name of this processor on the system panel; without one it is machine/process",
        default: nil)
    public static let metricsPort = Setting.port(
        "METRICS_PORT", help: SharedSettings.metricsPort.help, default: "9102")

    /// All of them, for `--help`.
    public static let all: [any AnySetting] =
        SharedSettings.kafka + [
            SharedSettings.postgresURL, SharedSettings.redisURL, SharedSettings.candleIntervals,
            SharedSettings.metricsHost, metricsPort, groupID, outOfOrderness, idleTimeout, maxFuture, onNewLog,
            liveFlushInterval, commitInterval, migrate, sessionTimeout,
            processorID, RetentionSettings.candles,
        ] + InfluxSettings.all

    public let topic: String
    public let groupID: String
    public let intervals: [Interval]
    public let outOfOrdernessMicros: Int64
    public let idleTimeoutMicros: Int64
    public let maxFutureMicros: Int64
    public let onNewLog: NewLogPolicy
    public let liveFlushInterval: Duration
    public let commitIntervalMicros: Int64
    public let sessionTimeoutMillis: Int64
    public let source: String
    /// Nil: InfluxDB gets nothing.
    let influx: InfluxSettings?
    public let processorID: String
    /// Seconds of candles that are kept, by interval; one that is not there is kept for ever.
    let retentionSeconds: [Interval: Int64]

    public init(_ settings: Settings) throws(SettingsError) {
        topic = try settings.value(SharedSettings.kafkaTradesTopic)
        groupID = try settings.value(Self.groupID)
        intervals = try settings.value(SharedSettings.candleIntervals)
        outOfOrdernessMicros = try settings.value(Self.outOfOrderness).wholeMicros
        idleTimeoutMicros = try settings.value(Self.idleTimeout).wholeMicros
        maxFutureMicros = try settings.value(Self.maxFuture).wholeMicros
        onNewLog = try settings.value(Self.onNewLog)
        liveFlushInterval = try settings.value(Self.liveFlushInterval)
        commitIntervalMicros = try settings.value(Self.commitInterval).wholeMicros
        sessionTimeoutMillis = try settings.value(Self.sessionTimeout).wholeMicros / 1_000
        source = try settings.value(SharedSettings.marketSource)
        influx = try InfluxSettings.read(settings, intervals: intervals)
        processorID = try settings.optionalValue(Self.processorID) ?? ProcessName.text
        retentionSeconds = try settings.optionalValue(RetentionSettings.candles) ?? [:]
    }
}

extension ProcessorSettings {
    /// What the state machine is told of them.
    package var rules: ProcessingRules {
        var rules = ProcessingRules(intervals: intervals)
        rules.outOfOrdernessMicros = outOfOrdernessMicros
        rules.maxFutureMicros = maxFutureMicros
        return rules
    }
}
