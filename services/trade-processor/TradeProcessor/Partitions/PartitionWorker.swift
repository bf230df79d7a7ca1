import MarketCore
import MarketWire
import ServiceKit

/// One claimed partition: its state machine, what waits for the next commit, and how it stands with the consumer.
/// Lives on the consumer's thread.
package final class PartitionWorker {
    package let partition: Int32
    /// Of the trades.
    package let topic: String
    package let log: LogIdentity
    package var lease: PartitionLease
    package var state: PartitionState
    var effects = Effects()
    package var batch = RecordBatch(capacity: 1_024)
    private(set) var raw: [Int64: RawMessage] = [:]
    private var rawBytes = 0

    /// Number of the commit that is under way; nil when none is.
    package var commitInFlight: Int64?
    /// Set while rows of `id_holes` are on their way: the partition is paused and read again from here.
    package var awaitsHoles = false
    /// Monotonic time of the first step since the last commit.
    var uncommittedSinceMicros: Int64?
    /// Own time of the newest trade of the first batch that waits for a commit, and the same of the commit under way:
    /// what live trades waited longest. Nil where only older trades came, of backfills for one.
    private var firstWaitingMicros: Int64?
    private(set) var firstCommittedMicros: Int64?
    /// What the commit under way counts.
    private(set) var countersInFlight = ProcessingCounters()
    /// Monotonic time of the claim, or since when the last commit has been on its way.
    private(set) var confirmedMicros: Int64
    var idle = IdleClock()

    init(
        _ claim: PartitionClaim, topic: String, log: LogIdentity, rules: ProcessingRules, nowMicros: Int64
    ) throws(PartitionRestoreError) {
        partition = claim.lease.partition
        self.topic = topic
        self.log = log
        lease = claim.lease
        confirmedMicros = nowMicros
        state = PartitionState(
            rules: rules, nextOffset: claim.nextOffset, watermarkMicros: claim.watermarkMicros,
            maxEventMicros: claim.maxEventMicros)
        retain(from: claim.horizons)
        for instrument in claim.instruments {
            do throws(SnapshotError) {
                try state.restore(instrument.state, key: instrument.key)
            } catch {
                throw PartitionRestoreError(instrument: instrument.key, cause: error)
            }
        }
    }

    /// - Parameter horizons: unix seconds by interval; windows that end at or before have no row.
    func retain(from horizons: [Interval: Int64]) {
        for (interval, horizon) in horizons { state.setRetentionHorizon(horizon, of: interval) }
    }

    /// Steps over the decoded batch and empties it.
    ///
    /// - Parameter rawMessage: the bytes of a record of this batch, for the quarantine.
    /// - Returns: what must be loaded before the rest can be taken in; the rest is to be read again.
    func step(rawMessage: (Int64) -> RawMessage?) -> [HoleRequest] {
        let known = effects.quarantined.count
        let requests = state.step(batch, into: &effects)
        for record in effects.quarantined.dropFirst(known) {
            guard let message = rawMessage(record.offset) else { continue }
            raw[record.offset] = message
            rawBytes += (message.key?.count ?? 0) + (message.value?.count ?? 0)
        }
        batch.removeAll()
        return requests
    }

    /// Takes note of a step that brought newer trades than there were.
    func noteNewest(since before: Int64?) {
        guard firstWaitingMicros == nil, let newest = state.maxEventMicros, newest > before ?? .min else { return }
        firstWaitingMicros = newest
    }

    /// Takes what waits, for a commit. One may be under way at a time.
    func takeWork(nowMicros: Int64) -> PartitionWork {
        confirmedMicros = nowMicros
        let commit = state.takeCommit(&effects)
        commitInFlight = commit.sequence
        countersInFlight = commit.counters
        firstCommittedMicros = firstWaitingMicros
        firstWaitingMicros = nil
        uncommittedSinceMicros = nil
        let work = PartitionWork(
            commit, lease: lease, topic: topic, topicID: log.topicID, keys: { state.table.key($0) }, raw: raw)
        raw.removeAll()
        rawBytes = 0
        return work
    }

    /// How much waits for a commit: rows and records, and a kilobyte of a record's bytes counts as one more.
    var waitingWeight: Int { effects.weight + rawBytes / 1_024 }

    /// Takes note of a commit that went through.
    func committed(_ progress: PartitionProgress) {
        guard let sequence = commitInFlight else { return }
        state.commitSucceeded(sequence)
        commitInFlight = nil
        lease = progress.lease
    }
}

/// A saved state that this program cannot read.
struct PartitionRestoreError: Error, CustomStringConvertible {
    let instrument: String
    let cause: SnapshotError

    var description: String { "the saved state of \(instrument): \(cause)" }
}
