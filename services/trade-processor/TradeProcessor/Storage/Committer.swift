import Logging
import MarketCore
import Metrics
import PostgresClient
import ServiceKit

/// Brings work into PostgreSQL exactly once: repeats what failed, asks about what is unknown, drops what is not ours.
struct Committer: Sendable {
    let store: ProcessorStore
    let time: TimeSource
    let health: HealthBoard
    let logger: Logger
    /// Uniform in 0..<1, for the jitter of repeats.
    let random: @Sendable () -> Double

    private static let commitTime = Timer(label: "processor_commit_seconds")
    private static let retries = Counter(label: "processor_commit_retries_total")
    private static let droppedRows = Counter(label: "processor_rows_beyond_retention_total")
    private static let fencedPartitions = Counter(label: "processor_fenced_partitions_total")

    /// Commits all of `work`, however long PostgreSQL takes to come back. Only a cancelled task ends early.
    ///
    /// - Throws: `CancellationError`; whether the last attempt was committed is then for the next owner to see.
    func commit(_ work: [PartitionWork]) async throws -> CommitResult {
        let start = time.monotonicMicros
        var pending = work
        var result = CommitResult()
        var attempt = 0
        while !pending.isEmpty {
            try Task.checkCancellation()
            switch try await tryOnce(&pending, &result) {
            case .done:
                break
            case .again(let error):
                attempt += 1
                Self.retries.increment()
                report(error, attempt: attempt)
                try await pause(attempt)
            }
        }
        if attempt > 0 { logger.notice("commit went through", metadata: ["attempts": "\(attempt + 1)"]) }
        health.set("postgres", .ok)
        result.elapsedMicros = time.monotonicMicros - start
        Self.commitTime.recordMicroseconds(result.elapsedMicros)
        return result
    }

    private enum Step {
        case done
        case again(PostgresError)
    }

    private func tryOnce(
        _ pending: inout [PartitionWork], _ result: inout CommitResult
    ) async throws -> Step {
        do throws(PostgresError) {
            try await store.leaves.ensure(
                pending.flatMap { $0.candles.map { ($0.interval, $0.windowStart) } })
        } catch {
            return .again(error)
        }
        pending.sort { $0.partition < $1.partition }
        let statements = CommitStatements(topic: store.topic, work: pending)
        switch await store.pool.transaction(statements.statements) {
        case .committed(let replies):
            do throws(PostgresError) {
                if let index = statements.rowsIndex {
                    let lineages = Dictionary(
                        uniqueKeysWithValues: pending.map { ($0.partition, $0.progress.lease.lineage) })
                    for row in replies[index] {
                        let partition: Int32 = try row.value("topic_partition")
                        result.rows.append(
                            try StoredCandle(row, partition: partition, lineage: lineages[partition] ?? 0))
                    }
                }
            } catch {
                // The rows are committed; only the publisher misses them, and its outbox still has them.
                logger.error("a committed row cannot be read", metadata: ["error": "\(error)"])
            }
            settle(&pending, &result) { _ in true }
            return .done
        case .rolledBack(let error):
            let fenced = Self.partitions(in: error)
            if error.sqlState == Self.fencedState, !fenced.isEmpty {
                drop(fenced, from: &pending, &result)
                return .done
            }
            if error.sqlState == Self.missingLeafState { await withoutDroppedWindows(&pending) }
            return .again(error)
        case .ambiguous(let error):
            try await resolve(error, &pending, &result)
            return .done
        }
    }

    /// All partitions of an attempt were committed, or none; the sequences tell which, once PostgreSQL answers.
    private func resolve(
        _ cause: PostgresError, _ pending: inout [PartitionWork], _ result: inout CommitResult
    ) async throws {
        logger.warning("the answer to a commit was lost; asking whether it was made", metadata: ["error": "\(cause)"])
        var attempt = 0
        while true {
            do throws(PostgresError) {
                var made: Set<Int32> = []
                var fenced: [Int32] = []
                for work in pending {
                    let lease = work.progress.lease
                    switch try await store.committedSequence(lease) {
                    case lease.commitSequence: break
                    case lease.commitSequence + 1: made.insert(lease.partition)
                    default: fenced.append(lease.partition)
                    }
                }
                drop(fenced, from: &pending, &result)
                settle(&pending, &result) { made.contains($0) }
                return
            } catch {
                attempt += 1
                report(error, attempt: attempt)
                await store.makeWay(after: error, logger: logger)
            }
            try await pause(attempt)
        }
    }

    /// Retention took a leaf away between the step and the commit. Rows of it are what they would be had the commit
    /// come first: gone. Everything else is committed.
    private func withoutDroppedWindows(_ pending: inout [PartitionWork]) async {
        await store.leaves.forget()
        guard let horizons = try? await store.horizons() else { return }
        for index in pending.indices {
            let count = pending[index].candles.count
            pending[index].candles.removeAll { $0.windowStart < horizons[$0.interval] ?? .min }
            let dropped = count - pending[index].candles.count
            guard dropped > 0 else { continue }
            Self.droppedRows.increment(by: dropped)
            logger.warning(
                "candle changes of windows that retention has dropped are left out",
                metadata: ["partition": "\(pending[index].partition)", "rows": "\(dropped)"])
        }
    }

    private func settle(
        _ pending: inout [PartitionWork], _ result: inout CommitResult, where isMade: (Int32) -> Bool
    ) {
        for work in pending where isMade(work.partition) {
            var progress = work.progress
            progress.lease.commitSequence += 1
            result.committed.append(progress)
        }
        pending.removeAll { isMade($0.partition) }
    }

    private func drop(_ partitions: [Int32], from pending: inout [PartitionWork], _ result: inout CommitResult) {
        guard !partitions.isEmpty else { return }
        Self.fencedPartitions.increment(by: partitions.count)
        logger.warning(
            "partitions have another owner; what was held of them is dropped", metadata: ["partitions": "\(partitions)"]
        )
        result.fenced += pending.map(\.progress.lease).filter { partitions.contains($0.partition) }
        pending.removeAll { partitions.contains($0.partition) }
    }

    private func report(_ error: PostgresError, attempt: Int) {
        health.set("postgres", .failed("commits wait: \(error)", blocksReadiness: true))
        // The first few, then every tenth: an outage of an hour is not a log of a gigabyte.
        if attempt <= 3 || attempt.isMultiple(of: 10) {
            logger.error("commit failed, it is repeated", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
        }
    }

    private func pause(_ attempt: Int) async throws {
        let ceiling = min(5.0, 0.05 * Double(1 << min(attempt, 8)))
        try await Task.sleep(for: .seconds(ceiling * (0.5 + random() / 2)))
    }

    /// Raised by `commit_partitions`.
    private static let fencedState = "MS001"
    /// PostgreSQL's check_violation: no leaf table for a row.
    private static let missingLeafState = "23514"

    private static func partitions(in error: PostgresError) -> [Int32] {
        (error.detail ?? "").split { !$0.isNumber }.compactMap { Int32($0) }
    }
}
