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
    /// Of key and value each; base64 makes a third more of it.
    private static let shownBytes = 131_072

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

    /// The record as the topic shows it: of a huge one the beginning, so that it fits into a message. The table has
    /// all.
    private func record(_ row: PostgresRow, _ partition: Int32) throws(PostgresError) -> QuarantineRecord {
        var detail: String = try row.value("detail")
        func shown(_ column: String) throws(PostgresError) -> [UInt8]? {
            guard let bytes: [UInt8] = try row.optional(column), bytes.count > Self.shownBytes else {
                return try row.optional(column)
            }
            detail += " (\(column): the first \(Self.shownBytes) of \(bytes.count) bytes)"
            return Array(bytes.prefix(Self.shownBytes))
        }
        let key = try shown("key")
        let value = try shown("value")
        return QuarantineRecord(
            reason: try row.value("reason"), detail: detail, sourceTopic: store.topic, partition: partition,
            offset: try row.value("offset"), key: key, value: value)
    }

    private func publish(_ partition: Int32, through producer: OutgoingProducer) async throws {
        let pending = try await store.pool.query(
            "SELECT * FROM quarantine_pending($1, $2, $3)",
            [.text(store.topic), .integer(partition), .integer(Int32(Self.rows))])
        let producer = producer.current
        var published: [String: [Int64]] = [:]
        try await withThrowingTaskGroup(of: (topicID: String, offset: Int64).self) { group in
            for row in pending {
                let record = try record(row, partition)
                let symbol: String? = try row.optional("instrument")
                let topicID: String = try row.value("topic_uuid")
                group.addTask {
                    _ = try await producer.deliver(
                        topic: topic, partition: nil, key: symbol.map { Array($0.utf8) }, value: record.encoded(),
                        headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)], timestampMillis: nil)
                    return (topicID, record.offset)
                }
            }
            for try await (topicID, offset) in group { published[topicID, default: []].append(offset) }
        }
        for (topicID, offsets) in published {
            _ = try await store.pool.query(
                "SELECT quarantine_published($1, $2, $3)",
                [.text(topicID), .integer(partition), .bigints(offsets.map { $0 })])
        }
    }
}
