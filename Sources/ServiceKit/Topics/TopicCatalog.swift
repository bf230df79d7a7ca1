/// The topics and how each is made (DESIGN 3.3). A service creates those that it needs and does not find.
public struct TopicDefinition: Sendable, Hashable {
    public let name: String
    public let partitions: Int
    public let replication: Int
    /// Kafka's topic configuration, by Kafka's own names.
    public let configuration: [String: String]
}

/// All topics of one installation.
public struct TopicCatalog: Sendable {
    public let trades: TopicDefinition
    /// Whose market `trades` is; one record that is kept for ever.
    public let source: TopicDefinition
    public let candles: TopicDefinition
    public let quarantine: TopicDefinition
    public let progress: TopicDefinition
    public let subscriptions: TopicDefinition
    public let instruments: TopicDefinition
    public let heartbeat: TopicDefinition
    /// Whether services may create topics.
    public let mayCreate: Bool

    public init(_ settings: Settings) throws(SettingsError) {
        let trades = try settings.value(SharedSettings.kafkaTradesTopic)
        let partitions = try settings.value(SharedSettings.kafkaTopicPartitions)
        let replication = try settings.value(SharedSettings.kafkaTopicReplication)
        let retention = try settings.value(SharedSettings.kafkaTradesRetention)
        mayCreate = try settings.value(SharedSettings.kafkaCreateTopics)
        func topic(_ name: String, _ partitions: Int, _ configuration: [String: String]) -> TopicDefinition {
            // The broker's time, so that nobody's wall clock matters: Kafka refuses records that claim to be of an hour
            // ahead of it, and deletes those that claim to be old.
            var common = ["message.timestamp.type": "LogAppendTime"]
            // One lost broker of three must not stop writes, and no write may count that only one broker has.
            if replication >= 3 { common["min.insync.replicas"] = "2" }
            return TopicDefinition(
                name: name, partitions: partitions, replication: replication,
                configuration: configuration.merging(common) { own, _ in own })
        }
        let compacted = ["cleanup.policy": "compact"]
        self.trades = topic(
            trades, partitions,
            ["cleanup.policy": "delete", "retention.ms": "\(retention.components.seconds * 1_000)"])
        source = topic("\(trades).source", 1, ["cleanup.policy": "delete", "retention.ms": "-1"])
        candles = topic("candles", partitions, compacted)
        quarantine = topic("\(trades).quarantine", 1, ["cleanup.policy": "delete", "retention.ms": "2592000000"])
        progress = topic("market.progress", 1, compacted)
        subscriptions = topic("market.subscriptions", 1, compacted)
        instruments = topic("instruments", 1, compacted)
        heartbeat = topic("market.heartbeat", 1, compacted)
    }
}
