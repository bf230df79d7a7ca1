import KafkaClient
import Logging
import MarketWire
import PostgresClient
import ServiceKit

/// Brings quarantined records from PostgreSQL to their topic, at least once.
struct QuarantinePublisher: Sendable {
    let store: ProcessorStore
    let topic: String
    let assigned: AssignedPartitions
    let logger: Logger

    private static let rows = 500

    func run(through producer: OutgoingProducer) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(2))
            for partition in assigned.all {
                do {
                    try await publish(partition, through: producer)
                } catch {
                    logger.debug("quarantined records wait", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func publish(_ partition: Int32, through producer: OutgoingProducer) async throws {
        let pending = try await store.pool.query(
            "SELECT * FROM quarantine_pending($1, $2, $3)",
            [.text(store.topic), .integer(partition), .integer(Int32(Self.rows))])
        var published: [String: [Int64]] = [:]
        for row in pending {
            let offset: Int64 = try row.value("offset")
            let symbol: String? = try row.optional("instrument")
            let record = QuarantineRecord(
                reason: try row.value("reason"), detail: try row.value("detail"), sourceTopic: store.topic,
                partition: partition, offset: offset, key: try row.optional("key"), value: try row.optional("value"))
            _ = try await producer.current.deliver(
                topic: topic, partition: nil, key: symbol.map { Array($0.utf8) }, value: record.encoded(),
                headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)], timestampMillis: nil)
            published[try row.value("topic_uuid"), default: []].append(offset)
        }
        for (topicID, offsets) in published {
            _ = try await store.pool.query(
                "SELECT quarantine_published($1, $2, $3)",
                [.text(topicID), .integer(partition), .bigints(offsets.map { $0 })])
        }
    }
}
