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
        var pending = PendingCommit(work)
        var attempt = 0
        while !pending.isDone {
            try Task.checkCancellation()
            switch try await tryOnce(&pending) {
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
        pending.result.elapsedMicros = time.monotonicMicros - start
        Self.commitTime.recordMicroseconds(pending.result.elapsedMicros)
        return pending.result
    }

    private enum Step {
        case done
        case again(PostgresError)
    }

    private func tryOnce(_ pending: inout PendingCommit) async throws -> Step {
        let work = pending.work
        do throws(PostgresError) {
            try await store.leaves.ensure(
                work.flatMap { $0.candles.map { ($0.interval, $0.windowStart) } })
        } catch {
            return .again(error)
        }
        let statements = CommitStatements(topic: store.topic, work: work)
        switch await store.pool.transaction(statements.statements) {
        case .committed(let replies):
            var rows: [StoredCandle]? = []
            do throws(PostgresError) {
                if let index = statements.rowsIndex {
                    let lineages = Dictionary(
                        uniqueKeysWithValues: work.map { ($0.partition, $0.progress.lease.lineage) })
                    for row in replies[index] {
                        let partition: Int32 = try row.value("topic_partition")
                        rows?.append(try StoredCandle(row, partition: partition, lineage: lineages[partition] ?? 0))
                    }
                }
            } catch {
                // The rows are committed; only the publisher misses them, and its outbox still has them.
                logger.error("a committed row cannot be read", metadata: ["error": "\(error)"])
                rows = nil
            }
            pending.made(rows)
            return .done
        case .rolledBack(let error):
            let fenced = Self.partitions(in: error)
            if error.sqlState == Self.fencedState, !fenced.isEmpty {
                pending.fenced(fenced)
                reportFenced(fenced)
                return .done
            }
            if error.sqlState == Self.missingLeafState { await withoutDroppedWindows(&pending) }
            return .again(error)
        case .ambiguous(let error):
            try await resolve(error, &pending)
            return .done
        }
    }

    /// All partitions of an attempt were committed, or none; the sequences tell which, once PostgreSQL answers.
    private func resolve(
        _ cause: PostgresError, _ pending: inout PendingCommit
    ) async throws {
        logger.warning("the answer to a commit was lost; asking whether it was made", metadata: ["error": "\(cause)"])
        var attempt = 0
        while true {
            do throws(PostgresError) {
                var sequences: [Int32: Int64] = [:]
                for work in pending.work {
                    sequences[work.partition] = try await store.committedSequence(work.progress.lease)
                }
                reportFenced(pending.resolve(sequences))
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
    private func withoutDroppedWindows(_ pending: inout PendingCommit) async {
        await store.leaves.forget()
        guard let horizons = try? await store.horizons() else { return }
        let dropped = pending.dropWindows(before: horizons)
        guard dropped > 0 else { return }
        Self.droppedRows.increment(by: dropped)
        logger.warning(
            "candle changes of windows that retention has dropped are left out", metadata: ["rows": "\(dropped)"])
    }

    private func reportFenced(_ partitions: [Int32]) {
        guard !partitions.isEmpty else { return }
        Self.fencedPartitions.increment(by: partitions.count)
        logger.warning(
            "partitions have another owner; what was held of them is dropped", metadata: ["partitions": "\(partitions)"]
        )
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
