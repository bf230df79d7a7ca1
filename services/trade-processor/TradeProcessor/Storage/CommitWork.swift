import MarketCore
import MarketWire

/// One partition's share of a commit: where it stands afterwards.
package struct PartitionProgress: Sendable {
    package var lease: PartitionLease
    package let nextOffset: Int64
    package let watermarkMicros: Int64?
    package let maxEventMicros: Int64?
}

/// The change of one candle row.
package struct CandleRowChange: Sendable {
    package let symbol: String
    package let interval: Interval
    package let windowStart: Int64
    /// What is merged into the row; nil where only holes or the unknown mark change.
    package let candle: Candle?
    package let holeDelta: Int64
    package let isUnknown: Bool?
}

package struct InstrumentSnapshot: Sendable {
    package let symbol: String
    package let version: Int32
    package let state: [UInt8]
}

package struct QuarantinedMessage: Sendable {
    package let offset: Int64
    package let reason: String
    package let detail: String
    package let symbol: String?
    package let key: [UInt8]?
    package let value: [UInt8]?
}

/// A trade whose base candle is behind the retention horizon.
package struct LateTradeRow: Sendable {
    package let symbol: String
    package let key: TradeKey
    package let tradeCount: Int64
    package let price: Price
    package let quantity: Quantity
    package let takerSide: TakerSide
    package let eventTimeMicros: Int64
}

/// A hole on its way to the table `id_holes`.
package struct HoleRow: Sendable {
    package let symbol: String
    package let generation: Int32
    package let firstID: Int64
    package let lastID: Int64
    package let beforeTimeMicros: Int64?
    package let afterTimeMicros: Int64?
    /// Ids in it that nobody asks for any more, as PostgreSQL writes an `int8multirange`.
    package let settled: String
    package let isSettled: Bool
}

/// The primary key of a row of `id_holes`.
package struct HoleKey: Sendable {
    package let symbol: String
    package let generation: Int32
    package let firstID: Int64
}

/// Everything that one partition wants committed.
package struct PartitionWork: Sendable {
    package var progress: PartitionProgress
    /// The log of the records, for quarantine rows.
    package let topicID: String
    /// The state machine's number of the commit, to confirm it.
    package var sequence: Int64 = 0
    package var counters = ProcessingCounters()
    package var candles: [CandleRowChange] = []
    package var snapshots: [InstrumentSnapshot] = []
    package var quarantined: [QuarantinedMessage] = []
    package var lateTrades: [LateTradeRow] = []
    package var savedHoles: [HoleRow] = []
    package var deletedHoles: [HoleKey] = []
    package var instrumentProgress: [ProgressRecord] = []

    package var partition: Int32 { progress.lease.partition }
}

/// What became of a commit.
package struct CommitResult: Sendable {
    /// Leases as they are after the commit, by partition.
    package var committed: [PartitionProgress] = []
    /// Leases that are no longer valid: nothing of theirs was written.
    package var fenced: [PartitionLease] = []
    /// Partitions that were committed although their rows did not come back.
    package var unseen: [Int32] = []
    /// The rows as they stand, in the database's order.
    package var rows: [StoredCandle] = []
    /// How long it took, retries included, microseconds.
    package var elapsedMicros: Int64 = 0
}
