import MarketCore
import MarketWire

/// One partition's share of a commit: where it stands afterwards.
struct PartitionProgress: Sendable {
    var lease: PartitionLease
    let nextOffset: Int64
    let watermarkMicros: Int64?
    let maxEventMicros: Int64?
}

/// The change of one candle row.
struct CandleRowChange: Sendable {
    let symbol: String
    let interval: Interval
    let windowStart: Int64
    /// What is merged into the row; nil where only holes or the unknown mark change.
    let candle: Candle?
    let holeDelta: Int64
    let isUnknown: Bool?
}

struct InstrumentSnapshot: Sendable {
    let symbol: String
    let version: Int32
    let state: [UInt8]
}

struct QuarantinedMessage: Sendable {
    let offset: Int64
    let reason: String
    let detail: String
    let symbol: String?
    let key: [UInt8]?
    let value: [UInt8]?
}

/// A trade whose base candle is behind the retention horizon.
struct LateTradeRow: Sendable {
    let symbol: String
    let key: TradeKey
    let tradeCount: Int64
    let price: Price
    let quantity: Quantity
    let takerSide: TakerSide
    let eventTimeMicros: Int64
}

/// A hole on its way to the table `id_holes`.
struct HoleRow: Sendable {
    let symbol: String
    let generation: Int32
    let firstID: Int64
    let lastID: Int64
    let beforeTimeMicros: Int64?
    let afterTimeMicros: Int64?
    /// Ids in it that nobody asks for any more, as PostgreSQL writes an `int8multirange`.
    let settled: String
    let isSettled: Bool
}

/// The primary key of a row of `id_holes`.
struct HoleKey: Sendable {
    let symbol: String
    let generation: Int32
    let firstID: Int64
}

/// Everything that one partition wants committed.
struct PartitionWork: Sendable {
    var progress: PartitionProgress
    /// The log of the records, for quarantine rows.
    let topicID: String
    /// The state machine's number of the commit, to confirm it.
    var sequence: Int64 = 0
    var counters = ProcessingCounters()
    var candles: [CandleRowChange] = []
    var snapshots: [InstrumentSnapshot] = []
    var quarantined: [QuarantinedMessage] = []
    var lateTrades: [LateTradeRow] = []
    var savedHoles: [HoleRow] = []
    var deletedHoles: [HoleKey] = []
    var instrumentProgress: [ProgressRecord] = []

    var partition: Int32 { progress.lease.partition }
}

/// What became of a commit.
struct CommitResult: Sendable {
    /// Leases as they are after the commit, by partition.
    var committed: [PartitionProgress] = []
    /// Leases that are no longer valid: nothing of theirs was written.
    var fenced: [PartitionLease] = []
    /// The rows as they stand, in the database's order.
    var rows: [StoredCandle] = []
    /// How long it took, retries included, microseconds.
    var elapsedMicros: Int64 = 0
}
