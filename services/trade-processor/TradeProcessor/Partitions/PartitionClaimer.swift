import KafkaClient
import Logging
import PostgresClient
import RedisClient
import ServiceKit

/// Takes partitions over: finds out which log there is, claims the progress in PostgreSQL, and decides whether the two
/// belong together.
struct PartitionClaimer: Sendable {
    let store: ProcessorStore
    let admin: KafkaAdmin
    let redis: RedisClient
    let topic: String
    let onNewLog: NewLogPolicy
    let health: HealthBoard
    let logger: Logger
    /// A fresh random UUID.
    let makeOwner: @Sendable () -> String

    /// Claims until it succeeds or `isWanted` says that the group took the partition away.
    func claim(_ partition: Int32, isWanted: @Sendable () -> Bool) async -> EngineEvent? {
        var attempt = 0
        while isWanted(), !Task.isCancelled {
            do {
                let event = try await tryClaim(partition)
                health.set("postgres", .ok)
                return event
            } catch {
                attempt += 1
                health.set("postgres", .failed("partition \(partition) waits: \(error)", blocksReadiness: true))
                if attempt <= 3 || attempt.isMultiple(of: 20) {
                    logger.error(
                        "a partition cannot be claimed yet",
                        metadata: ["partition": "\(partition)", "attempt": "\(attempt)", "error": "\(error)"])
                }
                if let error = error as? PostgresError { await store.makeWay(after: error, logger: logger) }
                try? await Task.sleep(for: .milliseconds(min(5_000, 100 << min(attempt, 6))))
            }
        }
        return nil
    }

    private func tryClaim(_ partition: Int32) async throws -> EngineEvent {
        let found = try await currentLog()
        let place = TopicPartition(topic, partition)
        guard let range = try await admin.listOffsets([place])[place] else {
            throw KafkaPlaceError(description: "the broker gives no offsets for \(topic)/\(partition)")
        }
        var claim = try await store.claim(
            partition: partition, owner: makeOwner(), log: found, firstOffset: range.low)
        let known = LogIdentity(topicID: claim.topicID, partitionCount: claim.partitionCount)
        switch LogCheck.compare(known: known, found: found) {
        case .otherPartitions:
            return .halted(LogCheck.halt(partition, topic: topic, known: known, found: found))
        case .new where onNewLog == .halt:
            return .halted(LogCheck.halt(partition, topic: topic, known: known, found: found))
        case .new:
            logger.warning(
                "the topic was made anew: going on with the new log",
                metadata: ["partition": "\(partition)", "known": "\(known.topicID)", "found": "\(found.topicID)"])
            try await startLineage(&claim, log: found, nextOffset: range.low)
        case .same where claim.nextOffset < range.low || claim.nextOffset > range.high:
            guard onNewLog == .continue else {
                return .halted(
                    LogCheck.offsetGone(partition, topic: topic, offset: claim.nextOffset, range: range))
            }
            logger.warning(
                "the log has not got our offset: going on with what is there",
                metadata: [
                    "partition": "\(partition)", "offset": "\(claim.nextOffset)", "log": "\(range.low)-\(range.high)",
                ])
            try await startLineage(&claim, log: found, nextOffset: range.low)
        case .same:
            if await redisIsAhead(of: claim.lease) {
                logger.warning(
                    "redis knows later commits than PostgreSQL, which was restored: lineage rises",
                    metadata: ["partition": "\(partition)"])
                try await startLineage(&claim, log: found, nextOffset: claim.nextOffset)
            }
        }
        return .claimed(claim, found)
    }

    /// The topic as the broker has it now.
    func currentLog() async throws -> LogIdentity {
        guard let partitions = try await admin.partitionCount(of: topic) else {
            throw KafkaPlaceError(description: "there is no topic \(topic)")
        }
        let topicID =
            switch try await admin.topicID(of: topic) {
            case .id(let text): text
            case .unsupported, .unknownTopic: ""
            }
        return LogIdentity(topicID: topicID, partitionCount: Int32(partitions))
    }

    private func startLineage(
        _ claim: inout PartitionClaim, log: LogIdentity, nextOffset: Int64
    ) async throws(PostgresError) {
        claim.lease = try await store.startLineage(claim.lease, log: log, nextOffset: nextOffset)
        claim.nextOffset = nextOffset
    }

    /// Redis may be down or empty; then nothing is known and nothing is concluded.
    private func redisIsAhead(of lease: PartitionLease) async -> Bool {
        let key = "market:sentinel:\(topic):\(lease.partition)"
        guard let text = try? await redis.send(["GET", key]).text,
            let found = LiveMailbox.Sentinel(text)
        else { return false }
        return LiveMailbox.Sentinel(lineage: lease.lineage, commitSequence: lease.commitSequence) < found
    }
}

/// What the broker lacks.
struct KafkaPlaceError: Error, CustomStringConvertible {
    let description: String
}
