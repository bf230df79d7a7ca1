import MarketCore

/// A commit that may need several attempts: what of it is still to be written, and what became of the rest.
///
/// Every attempt writes all of ``work`` in one transaction or nothing of it.
package struct PendingCommit {
    /// What is still to be written, by partition.
    package private(set) var work: [PartitionWork]
    package var result = CommitResult()

    package init(_ work: [PartitionWork]) { self.work = work.sorted { $0.partition < $1.partition } }

    package var isDone: Bool { work.isEmpty }

    /// The attempt was committed.
    ///
    /// - Parameter rows: as the database gave them back; nil where they cannot be read.
    package mutating func made(_ rows: [StoredCandle]?) {
        result.rows += rows ?? []
        if rows == nil { result.unseen += work.map(\.partition) }
        settle { _ in true }
    }

    /// These partitions are another owner's; the attempt was void, and the others are tried again.
    package mutating func fenced(_ partitions: [Int32]) {
        result.fenced += work.map(\.progress.lease).filter { partitions.contains($0.partition) }
        work.removeAll { partitions.contains($0.partition) }
    }

    /// Nobody knows whether the attempt was committed; the sequences tell, once PostgreSQL answers again.
    ///
    /// - Parameter sequences: by partition, of the progress rows that are still this owner's.
    /// - Returns: the partitions that are another owner's.
    package mutating func resolve(_ sequences: [Int32: Int64]) -> [Int32] {
        var made: Set<Int32> = []
        var lost: [Int32] = []
        for part in work {
            let lease = part.progress.lease
            switch sequences[lease.partition] {
            case lease.commitSequence: break
            case lease.commitSequence + 1: made.insert(lease.partition)
            default: lost.append(lease.partition)
            }
        }
        fenced(lost)
        result.unseen += made.sorted()
        settle { made.contains($0) }
        return lost
    }

    /// Leaves out changes of windows that retention has dropped in the meantime.
    ///
    /// - Parameter horizons: unix seconds by interval.
    /// - Returns: how many.
    package mutating func dropWindows(before horizons: [Interval: Int64]) -> Int {
        var dropped = 0
        for index in work.indices {
            let count = work[index].candles.count
            work[index].candles.removeAll { $0.windowStart < horizons[$0.interval] ?? .min }
            dropped += count - work[index].candles.count
        }
        return dropped
    }

    private mutating func settle(where isMade: (Int32) -> Bool) {
        for part in work where isMade(part.partition) {
            var progress = part.progress
            progress.lease.commitSequence += 1
            result.committed.append(progress)
        }
        work.removeAll { isMade($0.partition) }
    }
}
