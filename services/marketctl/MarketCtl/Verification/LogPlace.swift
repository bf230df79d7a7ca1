import KafkaClient
import MarketCore
import MarketWire
import PostgresClient
import ServiceKit

/// The partition of the trades topic that holds an instrument.
struct LogPlace: Sendable {
    let topic: String
    let partition: Int32
    /// Kafka's id of the log; empty where it is not known.
    let topicID: String

    /// As the broker has it, which must be the log that the database speaks of.
    ///
    /// - Throws: ``CommandError``, `KafkaError`, `PostgresError`.
    static func find(
        _ instrument: Instrument, _ session: CommandSession, _ admin: KafkaAdmin
    ) async throws -> (LogPlace, OffsetRange) {
        guard let found = try await LogIdentity.find(session.topic, admin) else {
            throw CommandError("the broker has no topic \(session.topic)")
        }
        let (known, place) = try await stored(instrument, session)
        guard LogCheck.compare(known: known, found: found) == .same else {
            throw CommandError(
                LogCheck.halt(place.partition, topic: session.topic, known: known, found: found).reason)
        }
        let partition = TopicPartition(session.topic, place.partition)
        guard let range = try await admin.listOffsets([partition])[partition] else {
            throw CommandError("the broker has no \(partition)")
        }
        return (place, range)
    }

    /// As the database has it.
    ///
    /// - Throws: ``CommandError`` where no processor has worked on it, `PostgresError`.
    static func stored(
        _ instrument: Instrument, _ session: CommandSession
    ) async throws -> (LogIdentity, LogPlace) {
        let rows = try await session.pool.query(
            "SELECT partition, partitions, topic_uuid FROM processor_progress WHERE topic = $1",
            [.text(session.topic)])
        for row in rows {
            let known = LogIdentity(
                topicID: try row.value("topic_uuid"), partitionCount: try row.value("partitions"))
            let partition = Murmur2.partition(key: instrument.key, partitions: known.partitionCount)
            guard try row.value("partition") == partition else { continue }
            return (known, LogPlace(topic: session.topic, partition: partition, topicID: known.topicID))
        }
        throw CommandError(
            "no processor has worked on the partition of \(instrument.key) in \(session.topic) with this database")
    }
}
