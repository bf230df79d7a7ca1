/// What of the outbox is under way to the topic `candles`, partition by partition. Pure: ``CandlePublisher`` does what
/// it says.
package struct CandleOutbox: Sendable {
    private struct Owned {
        let lease: PartitionLease
        /// Until when a former owner's messages may arrive, monotonic microseconds.
        var holdUntilMicros: Int64
        var nextSweepMicros: Int64
        /// Acknowledged and not taken off the outbox yet.
        var delivered: [Int64] = []
    }

    /// A partition whose outbox is to be looked through.
    package struct Sweep: Sendable, Hashable {
        package let partition: Int32
        package let lineage: Int64
    }

    /// Rows that the topic has, to be taken off by whom they belong to.
    package struct Delivered: Sendable, Hashable {
        package let lease: PartitionLease
        package let ids: [Int64]
    }

    private var owned: [Int32: Owned] = [:]
    /// Outbox rows whose message is under way, by the message's token.
    private var pending: [UInt64: (partition: Int32, outboxID: Int64)] = [:]
    private var sending: Set<Int64> = []
    private var nextToken: UInt64 = 0

    /// The producer gives a message up after this time.
    package static let messageTimeoutMillis = 10_000
    /// Rows that one sweep reads at most.
    package static let sweepRows = 5_000
    /// How often the outbox is looked through for what was left.
    private static let sweepPauseMicros: Int64 = 15_000_000

    package init() {}

    /// A partition is ours from now on: its outbox is swept at once and once more after the hold.
    package mutating func claimed(_ lease: PartitionLease, nowMicros: Int64) {
        dropped(lease.partition)
        owned[lease.partition] = Owned(
            lease: lease, holdUntilMicros: nowMicros + Int64(Self.messageTimeoutMillis) * 1_000,
            nextSweepMicros: nowMicros)
    }

    /// What is under way of it is forgotten, too: should the partition come back, PostgreSQL may have been restored,
    /// and the same ids stand for other rows.
    package mutating func dropped(_ partition: Int32) {
        owned[partition] = nil
        for (token, entry) in pending where entry.partition == partition {
            pending[token] = nil
            sending.remove(entry.outboxID)
        }
    }

    /// A row is about to be sent.
    ///
    /// - Returns: the message's token; nil where the same row is under way already.
    package mutating func send(_ row: StoredCandle) -> UInt64? {
        if let id = row.outboxID {
            guard sending.insert(id).inserted else { return nil }
            pending[nextToken] = (row.partition, id)
        }
        nextToken += 1
        return nextToken - 1
    }

    /// The broker answered, or the producer had no room.
    package mutating func settled(_ token: UInt64, isDelivered: Bool) {
        guard let (partition, id) = pending.removeValue(forKey: token) else { return }
        sending.remove(id)
        if isDelivered { owned[partition]?.delivered.append(id) }
    }

    /// Rows to take off the outbox now.
    package mutating func takeDelivered(nowMicros: Int64) -> [Delivered] {
        var due: [Delivered] = []
        for (partition, entry) in owned where entry.holdUntilMicros <= nowMicros && !entry.delivered.isEmpty {
            due.append(Delivered(lease: entry.lease, ids: entry.delivered))
            owned[partition]?.delivered = []
        }
        return due.sorted { $0.lease.partition < $1.lease.partition }
    }

    /// Partitions to look through now.
    package mutating func takeSweeps(nowMicros: Int64) -> [Sweep] {
        var due: [Sweep] = []
        for (partition, entry) in owned where entry.nextSweepMicros <= nowMicros {
            due.append(Sweep(partition: partition, lineage: entry.lease.lineage))
            // The sweep after the hold repeats what was acknowledged in it too.
            let isHeld = nowMicros < entry.holdUntilMicros
            if !isHeld { owned[partition]?.delivered = [] }
            owned[partition]?.nextSweepMicros = isHeld ? entry.holdUntilMicros : nowMicros + Self.sweepPauseMicros
        }
        return due.sorted { $0.partition < $1.partition }
    }

    /// A sweep found as many rows as it could take: the next one comes soon.
    package mutating func sweepAgain(_ sweep: Sweep, nowMicros: Int64) {
        owned[sweep.partition]?.nextSweepMicros = nowMicros + 1_000_000
    }
}
