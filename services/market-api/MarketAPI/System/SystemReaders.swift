import KafkaClient
import MarketCore
import MarketWire
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
            processors: { try await ProcessorDirectory.read(redis) })
    }
}

/// Where the partitions of a topic end. A connection of its own, made at the first question.
private actor BrokerOffsets {
    private let kafka: KafkaConfiguration
    private let topic: String
    private var admin: KafkaAdmin?

    private static let timeoutMillis = 3_000

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
}

/// What processors write of themselves.
private enum ProcessorDirectory {
    /// More than this are no processors.
    private static let limit = 256

    static func read(_ redis: RedisClient) async throws(RedisError) -> [ProcessorStatusRecord] {
        let names = try await redis.send(["ZREVRANGE", "market:processors", "0", "\(limit - 1)"])
        let keys = (names.elements ?? []).compactMap(\.text).map { "market:processor:\($0)" }
        guard !keys.isEmpty else { return [] }
        let found = try await redis.send(RedisCommand(["MGET"] + keys))
        return (found.elements ?? []).compactMap { reply in
            // One that cannot be read is of another version, and says nothing.
            reply.text.flatMap { try? ProcessorStatusRecord(decoding: Array($0.utf8)) }
        }.sorted { $0.processorID < $1.processorID }
    }
}
