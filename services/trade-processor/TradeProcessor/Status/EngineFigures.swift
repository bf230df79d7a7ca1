import MarketWire
import ServiceKit
import Synchronization

/// What the engine tells of itself, for those who look. Written on the consumer's thread, which never waits for a
/// reader: it hands over a copy.
package final class EngineFigures: Sendable {
    private struct Contents {
        var counts = ProcessorStatusRecord.Counts()
        var partitions: [ProcessorStatusRecord.Partition] = []
    }

    private let contents = Mutex(Contents())
    private let commits = LatencyWindow()
    private let eventToStore = LatencyWindow()

    package init() {}

    /// A partition's share of a commit went through, and its worker has not taken note of it yet.
    func committed(_ worker: PartitionWorker, wallMicros now: Int64) {
        if let event = worker.firstCommittedMicros { eventToStore.record(now - event, atMicros: now) }
        let counters = worker.countersInFlight
        contents.withLock { contents in
            contents.counts.tradesAccepted += counters.accepted
            contents.counts.tradesDuplicate += counters.duplicates
            contents.counts.tradesLate += counters.late
            contents.counts.tradesBeyondRetention += counters.beyondRetention
            contents.counts.quarantined += counters.quarantined
            contents.counts.idsFoundMissing += counters.idsFoundMissing
            contents.counts.idsFilled += counters.idsFilled
        }
    }

    /// A commit came back.
    func committed(_ result: CommitResult, nowMicros: Int64) {
        guard !result.committed.isEmpty else { return }
        commits.record(result.elapsedMicros, atMicros: nowMicros)
        let new = Int64(result.rows.count { $0.record.revision <= 1 })
        contents.withLock { contents in
            contents.counts.commits += 1
            contents.counts.candlesStored += new
            contents.counts.candlesAmended += Int64(result.rows.count) - new
        }
    }

    /// How all partitions stand now.
    func put(_ partitions: [ProcessorStatusRecord.Partition]) { contents.withLock { $0.partitions = partitions } }

    /// The record that says all this.
    func record(
        processorID: String, topic: String, state: ProcessorStatusRecord.State, startedMicros: Int64, time: TimeSource
    ) -> ProcessorStatusRecord {
        let contents = contents.withLock { $0 }
        let now = time.wallMicros
        return ProcessorStatusRecord(
            processorID: processorID, version: Version.text, state: state, startedTimeMicros: startedMicros,
            sentTimeMicros: now, topic: topic, counts: contents.counts,
            commit: commits.figures(atMicros: time.monotonicMicros),
            eventToStore: eventToStore.figures(atMicros: now),
            partitions: state == .stopped ? [] : contents.partitions)
    }
}

extension ProcessingEngine {
    /// How often the figures are made: cheap, and no reader is quicker.
    private static let figuresPauseMicros: Int64 = 500_000

    /// Hands over how every partition stands.
    func tellFigures(_ now: Int64) {
        guard let figures, lastFiguresMicros == .min || now - lastFiguresMicros >= Self.figuresPauseMicros else {
            return
        }
        lastFiguresMicros = now
        var partitions = workers.values.map { worker in
            ProcessorStatusRecord.Partition(
                partition: worker.partition,
                state: worker.awaitsHoles ? .loading : isBackpressured ? .paused : .running,
                nextOffset: worker.state.nextOffset, watermarkMicros: worker.state.watermarkMicros,
                instruments: Int64(worker.state.table.instruments.count), waiting: Int64(worker.waitingWeight))
        }
        partitions += claiming.filter { workers[$0] == nil }.map { .init(partition: $0, state: .claiming) }
        partitions += halted.values.map { .init(partition: $0.partition, state: .halted, reason: $0.reason) }
        partitions += fencedSinceMicros.keys.map { .init(partition: $0, state: .fenced) }
        figures.put(partitions.sorted { $0.partition < $1.partition })
    }
}
