import KafkaClient
import MarketCore
import PostgresClient
import RedisClient
import ServiceKit

extension SystemWatch {
    /// Asks the real servers.
    ///
    /// - Parameter topic: of the trades.
    convenience init(
        pool: PostgresPool, redis: RedisClient, kafka: KafkaConfiguration, topic: String, interval: Interval,
        time: TimeSource
    ) {
        let broker = BrokerOffsets(kafka: kafka, topic: topic)
        self.init(
            time: time,
            stored: { try await StoredFigures.read(pool, topic: topic, interval: interval) },
            endOffsets: { try await broker.read() },
            processors: { try await ProcessorDirectory.read(redis) }, close: { await broker.close() })
    }
}

/// Where the partitions of a topic end. A connection of its own, made at the first question.
private actor BrokerOffsets {
    private let kafka: KafkaConfiguration
    private let topic: String
    private var admin: KafkaAdmin?

    private static let timeoutMillis = 3_000
    private static let closeMillis = 500

    init(kafka: KafkaConfiguration, topic: String) {
        self.kafka = kafka
        self.topic = topic
    }

    func read() async throws(KafkaError) -> [Int32: Int64] {
        let admin: KafkaAdmin
        if let known = self.admin { admin = known } else { admin = try KafkaAdmin(kafka) }
        self.admin = admin
        guard let count = try await admin.partitionCount(of: topic, timeoutMillis: Self.timeoutMillis) else {
            return [:]
        }
        let places = (0..<Int32(count)).map { TopicPartition(topic, $0) }
        let ranges = try await admin.listOffsets(places, timeoutMillis: Self.timeoutMillis)
        return ranges.reduce(into: [:]) { $0[$1.key.partition] = $1.value.high }
    }

    func close() async { await admin?.close(timeoutMillis: Self.closeMillis) }
}
