import MarketCore

/// The names by which one owner of a partition writes to PostgreSQL: every commit compares and sets them.
struct PartitionLease: Sendable, Hashable {
    let partition: Int32
    /// A random UUID, new with each claim.
    let owner: String
    let epoch: Int64
    /// Counts commits, ticks included; `0` before the first.
    var commitSequence: Int64
    /// Rises when the partition goes on with another log.
    var lineage: Int64
}

/// What a claim gave: the lease, and where the partition stands.
struct PartitionClaim: Sendable {
    var lease: PartitionLease
    /// The log's identity as it was when the progress was written.
    let topicID: String
    let partitionCount: Int32
    var nextOffset: Int64
    /// Unix microseconds; nil before the first trade.
    let watermarkMicros: Int64?
    let maxEventMicros: Int64?
    /// The saved state of each instrument.
    let instruments: [SavedInstrument]
    /// Where retention stands: unix seconds by interval.
    let horizons: [Interval: Int64]
}

struct SavedInstrument: Sendable {
    let key: String
    let version: Int32
    let state: [UInt8]
}

/// The identity of a topic's log.
struct LogIdentity: Sendable, Hashable {
    /// Kafka's topic id (KIP-516); empty where the broker or the library gives none.
    let topicID: String
    let partitionCount: Int32
}
