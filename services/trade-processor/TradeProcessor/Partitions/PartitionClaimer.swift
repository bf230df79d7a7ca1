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

    /// What the broker says of the topic.
    private struct Found: Sendable {
        let log: LogIdentity
        let ranges: [TopicPartition: OffsetRange]
    }

    /// Claims each of them until it succeeds or `isWanted` says that the group took the partition away.
    func claim(
        _ partitions: [Int32], isWanted: @escaping @Sendable (Int32) -> Bool,
        answer: @escaping @Sendable (EngineEvent) -> Void
    ) async {
        // One answer of the broker is enough for all of them; a failure is the first attempt of each.
        let found: Result<Found, any Error>
        do { found = .success(try await look(at: partitions)) } catch { found = .failure(error) }
        await withDiscardingTaskGroup { group in
            for partition in partitions {
                group.addTask {
                    if let event = await claim(partition, found, isWanted: isWanted) { answer(event) }
                }
            }
        }
    }

    private func claim(
        _ partition: Int32, _ first: Result<Found, any Error>, isWanted: @Sendable (Int32) -> Bool
    ) async -> EngineEvent? {
        var found: Result<Found, any Error>? = first
        var attempt = 0
        while isWanted(partition), !Task.isCancelled {
            do {
                let known = if let found { try found.get() } else { try await look(at: [partition]) }
                let event = try await tryClaim(partition, known)
                health.set("postgres", .ok)
                return event
            } catch {
                // It may be another log by the next attempt.
                found = nil
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

    private func look(at partitions: [Int32]) async throws -> Found {
        Found(
            log: try await currentLog(),
            ranges: try await admin.listOffsets(partitions.map { TopicPartition(topic, $0) }))
    }

    private func tryClaim(_ partition: Int32, _ found: Found) async throws -> EngineEvent {
        guard let range = found.ranges[TopicPartition(topic, partition)] else {
            throw KafkaPlaceError(description: "the broker gives no offsets for \(topic)/\(partition)")
        }
        var claim = try await store.claim(
            partition: partition, owner: makeOwner(), log: found.log, firstOffset: range.low)
        let inRedis = await sentinel(of: partition)
        switch ClaimDecision(
            claim, found: found.log, offsets: range.low...range.high, inRedis: inRedis, topic, onNewLog)
        {
        case .halt(let halt): return .halted(halt)
        case .proceed: break
        case .startLineage(let nextOffset, let above, let why):
            logger.warning(
                "going on in a new lineage: \(why)",
                metadata: [
                    "partition": "\(partition)", "next_offset": "\(nextOffset)", "known": "\(claim.topicID)",
                    "found": "\(found.log.topicID)",
                ])
            try await startLineage(&claim, log: found.log, nextOffset: nextOffset, above: above)
        }
        return .claimed(claim, found.log)
    }

    /// The topic as the broker has it now.
    func currentLog() async throws -> LogIdentity {
        guard let log = try await LogIdentity.find(topic, admin) else {
            throw KafkaPlaceError(description: "there is no topic \(topic)")
        }
        return log
    }

    /// A lineage that was in use before PostgreSQL was restored must not be used again: what readers have of it would
    /// be newer than what comes. Each call raises it by one.
    private func startLineage(
        _ claim: inout PartitionClaim, log: LogIdentity, nextOffset: Int64, above: Int64
    ) async throws(PostgresError) {
        repeat {
            claim.lease = try await store.startLineage(claim.lease, log: log, nextOffset: nextOffset)
        } while claim.lease.lineage <= above
        claim.nextOffset = nextOffset
    }

    /// The last commit that Redis knows of. Redis may be down or empty; then nothing is known and nothing is concluded.
    private func sentinel(of partition: Int32) async -> LiveMailbox.Sentinel? {
        let text = try? await redis.send(["GET", "market:sentinel:\(topic):\(partition)"]).text
        return text.flatMap { LiveMailbox.Sentinel($0) }
    }
}

/// What the broker lacks.
struct KafkaPlaceError: Error, CustomStringConvertible {
    let description: String
}
