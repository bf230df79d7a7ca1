import MarketCore
import SimulatedMarket

/// What PostgreSQL would hold, by the merge rules that ``CandleChange`` states.
struct TestDatabase {
    typealias RowID = CandleRowID
    typealias Row = CandleRow

    struct HoleID: Hashable {
        var key: String
        var generation: Int32
        var firstID: Int64
    }

    var rows: [RowID: Row] = [:]
    var holes: [HoleID: StoredHole] = [:]
    var snapshots: [String: [UInt8]] = [:]
    var progress: [String: InstrumentProgress] = [:]
    var quarantined: [(key: String?, record: QuarantinedRecord)] = []
    var lateTrades: [(key: String, late: LateTrade)] = []
    var nextOffset: Int64 = 0
    var watermarkMicros: Int64?
    var maxEventMicros: Int64?
    var leadMicros: Int64?
    /// Rows that a change without a candle did not find.
    var missedRows: [RowID] = []
    /// Rows that one commit changed twice.
    var rowsChangedTwice = 0

    mutating func write(_ commit: PartitionCommit, keys: [String]) {
        var changed: Set<CandleID> = []
        for change in commit.candleChanges {
            if !changed.insert(change.id).inserted { rowsChangedTwice += 1 }
            apply(change, key: keys[Int(change.id.instrument)])
        }
        for key in commit.removedHoles {
            holes[HoleID(key: keys[Int(key.instrument)], generation: key.generation, firstID: key.firstID)] = nil
        }
        for hole in commit.storedHoles {
            let id = HoleID(
                key: keys[Int(hole.key.instrument)], generation: hole.key.generation, firstID: hole.key.firstID)
            holes[id] = hole
        }
        for snapshot in commit.snapshots { snapshots[keys[Int(snapshot.instrument)]] = snapshot.bytes }
        for progress in commit.progress { self.progress[keys[Int(progress.instrument)]] = progress }
        quarantined += commit.quarantined.map { ($0.instrument < 0 ? nil : keys[Int($0.instrument)], $0) }
        lateTrades += commit.lateTrades.map { (keys[Int($0.trade.instrument)], $0) }
        nextOffset = commit.nextOffset
        watermarkMicros = commit.watermarkMicros
        maxEventMicros = commit.maxEventMicros
        leadMicros = commit.leadMicros
    }

    private mutating func apply(_ change: CandleChange, key: String) {
        let id = RowID(key: key, interval: change.id.interval, windowStart: change.id.windowStart)
        guard var row = rows[id] else {
            if let candle = change.candle {
                rows[id] = Row(candle: candle, holes: change.holesDelta, unknown: change.unknown ?? false)
            } else {
                missedRows.append(id)
            }
            return
        }
        if let candle = change.candle { _ = row.candle.merge(candle) }
        row.holes += change.holesDelta
        row.unknown = change.unknown ?? row.unknown
        row.revision += 1
        rows[id] = row
    }

    /// The rows of `id_holes` that a request selects.
    func select(_ request: HoleRequest, key: String) -> [StoredHole] {
        let all = holes.filter { $0.key.key == key && $0.key.generation == request.generation }.map(\.value)
            .sorted { $0.key.firstID < $1.key.firstID }
        let inside = all.filter { $0.key.firstID <= request.ids.upperBound && $0.lastID >= request.ids.lowerBound }
        switch request.selection {
        case .newestOpen(let limit): return inside.filter { !$0.isSettled }.suffix(limit)
        case .around: return inside
        }
    }
}
