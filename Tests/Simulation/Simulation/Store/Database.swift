import MarketCore
import SimulatedMarket
import TradeProcessor

/// The tables of PostgreSQL, as schemas/postgres/*.sql make them. A value: a dump is a copy.
struct Database {
    /// A row of `processor_progress`.
    struct Progress {
        var topicID: String
        var partitionCount: Int32
        var lineage: Int64 = 1
        var owner: String
        var epoch: Int64 = 0
        var commitSequence: Int64 = 0
        var nextOffset: Int64
        var watermarkMicros: Int64?
        var maxEventMicros: Int64?
        /// Not in the table: which parts of which logs were taken in, for the verdict.
        var segments: [Segment]
    }

    /// A part of a log that a lineage went through. Its end is where the next one begins, or `nextOffset`.
    struct Segment {
        var topicID: String
        var start: Int64
        var end: Int64?
    }

    struct HoleID: Hashable {
        var symbol: String
        var generation: Int32
        var firstID: Int64
    }

    struct LateID: Hashable {
        var symbol: String
        var key: TradeKey
    }

    struct QuarantineID: Hashable {
        var topicID: String
        var partition: Int32
        var offset: Int64
    }

    struct QuarantineRow {
        var reason: String
        var value: [UInt8]?
        var isPublished = false
    }

    struct OutboxRow {
        var id: Int64
        var row: CandleRowID
    }

    var progress: [Int32: Progress] = [:]
    var states: [Int32: [String: SavedInstrument]] = [:]
    var rows: [CandleRowID: CandleRow] = [:]
    var holes: [HoleID: HoleRow] = [:]
    var late: [LateID: LateTradeRow] = [:]
    var quarantine: [QuarantineID: QuarantineRow] = [:]
    var outbox: [Int32: [OutboxRow]] = [:]
    var nextOutboxID: Int64 = 1
}
