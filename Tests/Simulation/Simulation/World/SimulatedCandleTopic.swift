import MarketWire
import SimulatedMarket

/// The topic `candles` as its readers see it.
final class SimulatedCandleTopic {
    struct Version: Hashable, Comparable {
        var lineage: Int64
        var revision: Int64

        static func < (left: Self, right: Self) -> Bool {
            (left.lineage, left.revision) < (right.lineage, right.revision)
        }
    }

    /// The highest version of each key: what a reader keeps.
    private(set) var newest: [CandleRowID: (version: Version, record: CandleRecord)] = [:]
    /// The last record of each key: what compaction keeps.
    private(set) var last: [CandleRowID: CandleRecord] = [:]
    private(set) var violations: [String] = []

    func append(_ record: CandleRecord) {
        let id = CandleRowID(key: record.symbol, interval: record.interval, windowStart: record.windowStart)
        let version = Version(lineage: record.lineage ?? 0, revision: record.revision)
        last[id] = record
        guard let known = newest[id] else {
            newest[id] = (version, record)
            return
        }
        if version > known.version { newest[id] = (version, record) }
        if version == known.version, record != known.record {
            violations.append("candles: two contents of \(id) under \(version): \(known.record) and \(record)")
        }
    }
}
