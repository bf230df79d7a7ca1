import KafkaClient
import Logging
import MarketWire
import PostgresClient

/// Keeps a table of PostgreSQL equal to a compacted topic, and tells the topic again what it has lost: a log made anew
/// must not forget what producers follow (DESIGN section 4, "Another log"). Any number of processors may do so at once.
struct DirectoryFollower<Table: DirectoryTable>: Sendable {
    let topic: String
    let pool: PostgresPool
    let kafka: KafkaConfiguration
    let admin: KafkaAdmin
    let producer: OutgoingProducer
    let logger: Logger
    /// How often it is asked whether the topic is still the same log.
    var checkEvery = Duration.seconds(5)

    private static var readMillis: Int { 30_000 }

    /// Follows until the task is cancelled.
    func run() async {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await follow()
                failures = 0
            } catch {
                guard !Task.isCancelled else { return }
                failures += 1
                // The first few, then now and then: an outage of an hour is not a log of a gigabyte.
                if failures <= 2 || failures.isMultiple(of: 60) {
                    logger.warning(
                        "a topic cannot be followed now", metadata: ["topic": "\(topic)", "error": "\(error)"])
                }
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Follows one log, until it is another or cannot be read on.
    private func follow() async throws {
        let log = try await admin.topicID(of: topic)
        let reader = try KafkaReader(kafka, topic: topic)
        do {
            try await synchronize(reader)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while try await admin.topicID(of: topic) == log { try await Task.sleep(for: checkEvery) }
                    logger.notice("the topic was made anew", metadata: ["topic": "\(topic)"])
                }
                group.addTask {
                    while let event = try await reader.next() {
                        if case .record(let record) = event { try await take(record) }
                    }
                }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    /// Brings table and topic to the same state.
    private func synchronize(_ reader: KafkaReader) async throws {
        var newest: [String: [UInt8]?] = [:]
        try await reader.readToEnd(timeoutMillis: Self.readMillis) { record in
            if let key = Self.key(record) { newest[key] = .some(record.value) }
        }
        var records: [Table.Record] = []
        for (key, value) in newest.sorted(by: { $0.key < $1.key }) {
            if let value {
                if let record = decode(value, key: key) { records.append(record) }
            } else {
                try await Table.remove(key, pool)
            }
        }
        try await Table.save(records, pool)
        let lost = try await Table.load(pool).filter { newest[$0.key] == nil }
        for (key, record) in lost {
            _ = try await producer.current.deliver(
                topic: topic, key: Array(key.utf8), value: record.encoded(),
                headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)])
        }
        if !lost.isEmpty {
            logger.notice(
                "the topic is told again what it had lost", metadata: ["topic": "\(topic)", "records": "\(lost.count)"])
        }
    }

    private func take(_ record: KafkaRecord) async throws(PostgresError) {
        guard let key = Self.key(record) else { return }
        guard let value = record.value else {
            try await Table.remove(key, pool)
            return
        }
        if let record = decode(value, key: key) { try await Table.save([record], pool) }
    }

    private func decode(_ value: [UInt8], key: String) -> Table.Record? {
        do {
            return try Table.Record(decoding: value)
        } catch {
            logger.warning(
                "a record cannot be read", metadata: ["topic": "\(topic)", "key": "\(key)", "error": "\(error)"])
            return nil
        }
    }

    private static func key(_ record: KafkaRecord) -> String? {
        record.key.flatMap { String(validating: $0, as: UTF8.self) }
    }
}
