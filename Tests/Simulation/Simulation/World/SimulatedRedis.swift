import MarketCore
import MarketWire
import TradeProcessor

/// Live state, by the rules of the Lua scripts in LiveStateScript: each write compares a version.
final class SimulatedRedis {
    struct Contents {
        struct PriceVersion: Comparable {
            var lineage: Int64
            var generation: Int64
            var tradeID: Int64

            static func < (left: Self, right: Self) -> Bool {
                (left.lineage, left.generation, left.tradeID) < (right.lineage, right.generation, right.tradeID)
            }
        }

        struct OpenVersion: Comparable {
            var lineage: Int64
            var windowStart: Int64
            var offset: Int64

            static func < (left: Self, right: Self) -> Bool {
                (left.lineage, left.windowStart, left.offset) < (right.lineage, right.windowStart, right.offset)
            }
        }

        var prices: [String: (version: PriceVersion, price: Price)] = [:]
        var open: [String: OpenVersion] = [:]
        var last: [String: (version: OpenVersion, candle: CandleRecord)] = [:]
        var sentinels: [Int32: LiveMailbox.Sentinel] = [:]
        var flushes: [Int32: Int64] = [:]
    }

    var contents = Contents()
    var isDown = false
    let comparesVersions: Bool
    /// Values that went backwards.
    private(set) var violations: [String] = []

    init(comparesVersions: Bool) { self.comparesVersions = comparesVersions }

    func put(_ update: LiveMailbox.Update) {
        let symbol = update.record.symbol
        let version = Contents.PriceVersion(
            lineage: update.version.lineage, generation: update.version.generation, tradeID: update.record.tradeID)
        if isTaken(version, contents.prices[symbol]?.version, symbol + ":price") {
            contents.prices[symbol] = (version, update.record.price)
        }
        for candle in update.record.candles {
            let key = "\(symbol):current_candle:\(candle.interval)"
            let version = Contents.OpenVersion(
                lineage: update.version.lineage, windowStart: candle.windowStart, offset: update.version.offset)
            if isTaken(version, contents.open[key], key) { contents.open[key] = version }
        }
    }

    func put(_ candle: CandleRecord) {
        guard candle.interval == .base else { return }
        // The third number of a closed candle is its revision.
        let version = Contents.OpenVersion(
            lineage: candle.lineage ?? 0, windowStart: candle.windowStart, offset: candle.revision)
        if isTaken(version, contents.last[candle.symbol]?.version, candle.symbol + ":last_candle") {
            contents.last[candle.symbol] = (version, candle)
        }
    }

    /// - Returns: what stood there before.
    func put(_ sentinel: LiveMailbox.Sentinel, partition: Int32) -> LiveMailbox.Sentinel? {
        let found = contents.sentinels[partition]
        if found.map({ $0 < sentinel }) ?? true { contents.sentinels[partition] = sentinel }
        return found
    }

    /// - Returns: how often this was called since Redis was emptied.
    func countFlush(_ partition: Int32) -> Int64 {
        contents.flushes[partition, default: 0] += 1
        return contents.flushes[partition] ?? 0
    }

    private func isTaken<Version: Comparable>(_ new: Version, _ old: Version?, _ key: String) -> Bool {
        guard let old else { return true }
        if new > old { return true }
        if !comparesVersions, new < old { violations.append("redis: \(key) went back from \(old) to \(new)") }
        return !comparesVersions
    }
}
