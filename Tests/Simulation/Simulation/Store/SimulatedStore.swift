import MarketCore
import MarketWire
import ServiceKit
import SimulatedMarket
import TradeProcessor

/// PostgreSQL: what its functions do, and what can come between a client and their answer.
final class SimulatedStore {
    struct Unavailable: Error {}

    /// A commit whose client is gone while its backend still works on it, holding the rows it locked.
    private struct Dying {
        let work: [PartitionWork]
        let isMade: Bool
    }

    enum Outcome {
        case committed([StoredCandle])
        case fenced([Int32])
        /// Nothing was written, and the client knows.
        case failed
        /// The client cannot know.
        case ambiguous
    }

    /// What comes between a commit and its client.
    enum Interference {
        case none
        case failure
        case lostAnswer(isMade: Bool)
        /// The process dies before COMMIT is sent.
        case death
    }

    var database = Database()
    var isDown = false
    private var dying: [Dying] = []
    let defect: Defect?
    private(set) var violations: [String] = []
    private(set) var commits = 0

    init(defect: Defect?) { self.defect = defect }

    // MARK: Claims

    /// `claim_partition`. Waits for whoever holds the row.
    func claim(_ partition: Int32, owner: String, log: LogIdentity, firstOffset: Int64) throws -> Database.Progress {
        try check()
        settleDying([partition])
        var row =
            database.progress[partition]
            ?? Database.Progress(
                topicID: log.topicID, partitionCount: log.partitionCount, owner: owner, nextOffset: firstOffset,
                segments: [Database.Segment(topicID: log.topicID, start: firstOffset)])
        row.owner = owner
        row.epoch += 1
        database.progress[partition] = row
        return row
    }

    func states(_ partition: Int32) throws -> [SavedInstrument] {
        try check()
        return (database.states[partition] ?? [:]).values.sorted { $0.key < $1.key }
    }

    /// `start_lineage`.
    ///
    /// - Returns: nil where another owner has the partition.
    func startLineage(_ lease: PartitionLease, log: LogIdentity, nextOffset: Int64) throws -> PartitionLease? {
        try check()
        settleDying([lease.partition])
        guard var row = database.progress[lease.partition], row.owner == lease.owner, row.epoch == lease.epoch else {
            return nil
        }
        let nextOffset = defect == .newLogSkipped && row.topicID != log.topicID ? row.nextOffset : nextOffset
        if row.topicID != log.topicID || nextOffset != row.nextOffset {
            row.segments[row.segments.count - 1].end = row.nextOffset
            row.segments.append(Database.Segment(topicID: log.topicID, start: nextOffset))
        }
        row.topicID = log.topicID
        row.partitionCount = log.partitionCount
        if defect != .lineageNotRaised { row.lineage += 1 }
        row.commitSequence += 1
        row.nextOffset = nextOffset
        database.progress[lease.partition] = row
        var lease = lease
        lease.commitSequence = row.commitSequence
        lease.lineage = row.lineage
        return lease
    }

    // MARK: Commits

    /// One transaction with all of `work`.
    func commit(_ work: [PartitionWork], _ interference: Interference) throws -> Outcome {
        try check()
        settleDying(work.map(\.partition))
        let fenced = work.filter { !isCurrent($0.progress.lease) }.map(\.partition)
        if !fenced.isEmpty, defect != .fencingRemoved { return .fenced(fenced) }
        switch interference {
        case .none: return .committed(apply(work))
        case .failure: return .failed
        case .lostAnswer(let isMade):
            dying.append(Dying(work: work, isMade: isMade))
            return .ambiguous
        case .death:
            if defect == .offsetBeforeRows { for part in work { advance(part) } }
            if defect == .rowsBeforeOffset { for part in work { _ = writeCandles(part) } }
            return .failed
        }
    }

    /// The backends that nobody listens to end by themselves.
    func settleDying(_ partitions: [Int32]) {
        guard !dying.isEmpty else { return }
        let due = dying.filter { $0.work.contains { partitions.contains($0.partition) } }
        dying.removeAll { $0.work.contains { partitions.contains($0.partition) } }
        for transaction in due where transaction.isMade { _ = apply(transaction.work) }
    }

    func settleAllDying() { settleDying(dying.flatMap { $0.work.map(\.partition) }) }

    /// `SELECT ... FOR UPDATE` of the progress row: waits for a dying backend.
    func committedSequence(_ lease: PartitionLease) throws -> Int64? {
        try check()
        settleDying([lease.partition])
        guard let row = database.progress[lease.partition], row.owner == lease.owner, row.epoch == lease.epoch else {
            return nil
        }
        return row.commitSequence
    }

    private func isCurrent(_ lease: PartitionLease) -> Bool {
        guard let row = database.progress[lease.partition] else { return false }
        return row.owner == lease.owner && row.epoch == lease.epoch && row.commitSequence == lease.commitSequence
    }

    private func apply(_ work: [PartitionWork]) -> [StoredCandle] {
        commits += 1
        for part in work { advance(part) }
        let rows = work.flatMap { writeCandles($0) }
        for part in work { writeRest(part) }
        return rows
    }

    private func advance(_ part: PartitionWork) {
        guard var row = database.progress[part.partition] else { return }
        let progress = part.progress
        if progress.nextOffset < row.nextOffset {
            violations.append("partition \(part.partition): offset fell from \(row.nextOffset)")
        }
        if (progress.watermarkMicros ?? .min) < (row.watermarkMicros ?? .min) {
            violations.append("partition \(part.partition): watermark fell")
        }
        row.commitSequence += 1
        row.nextOffset = progress.nextOffset
        row.watermarkMicros = progress.watermarkMicros
        row.maxEventMicros = progress.maxEventMicros
        database.progress[part.partition] = row
    }

    // MARK: Questions

    func check() throws { if isDown { throw Unavailable() } }

    /// Ends every connection; a restored database knows nothing of transactions under way.
    func restore(_ dump: Database) {
        dying = []
        database = dump
    }

    func note(_ violation: String) { violations.append(violation) }
}
