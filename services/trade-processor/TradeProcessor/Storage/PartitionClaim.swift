import MarketCore

/// The names by which one owner of a partition writes to PostgreSQL: every commit compares and sets them.
package struct PartitionLease: Sendable, Hashable {
    package let partition: Int32
    /// A random UUID, new with each claim.
    package let owner: String
    package let epoch: Int64
    /// Counts commits, ticks included; `0` before the first.
    package var commitSequence: Int64
    /// Rises when the partition goes on with another log.
    package var lineage: Int64

    package init(partition: Int32, owner: String, epoch: Int64, commitSequence: Int64, lineage: Int64) {
        self.partition = partition
        self.owner = owner
        self.epoch = epoch
        self.commitSequence = commitSequence
        self.lineage = lineage
    }
}

/// What a claim gave: the lease, and where the partition stands.
package struct PartitionClaim: Sendable {
    package var lease: PartitionLease
    /// The log's identity as it was when the progress was written.
    package let topicID: String
    package let partitionCount: Int32
    package var nextOffset: Int64
    /// Unix microseconds; nil before the first trade.
    package let watermarkMicros: Int64?
    package let maxEventMicros: Int64?
    /// The saved state of each instrument.
    package let instruments: [SavedInstrument]
    /// Where retention stands: unix seconds by interval.
    package let horizons: [Interval: Int64]

    package init(
        lease: PartitionLease, topicID: String, partitionCount: Int32, nextOffset: Int64, watermarkMicros: Int64?,
        maxEventMicros: Int64?, instruments: [SavedInstrument], horizons: [Interval: Int64] = [:]
    ) {
        self.lease = lease
        self.topicID = topicID
        self.partitionCount = partitionCount
        self.nextOffset = nextOffset
        self.watermarkMicros = watermarkMicros
        self.maxEventMicros = maxEventMicros
        self.instruments = instruments
        self.horizons = horizons
    }
}

package struct SavedInstrument: Sendable {
    package let key: String
    package let version: Int32
    package let state: [UInt8]

    package init(key: String, version: Int32, state: [UInt8]) {
        self.key = key
        self.version = version
        self.state = state
    }
}
