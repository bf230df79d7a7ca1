import MarketCore
import MarketWire
import Metrics
import Synchronization

/// What waits for Redis. Full means: the newest value of each key stays, older closed candles are dropped and counted.
package final class LiveMailbox: Sendable {
    /// Where a partition stands in PostgreSQL, as the sentinel in Redis repeats it.
    package struct Sentinel: Sendable, Hashable, Comparable {
        package let lineage: Int64
        package let commitSequence: Int64

        package init(lineage: Int64, commitSequence: Int64) {
            self.lineage = lineage
            self.commitSequence = commitSequence
        }

        package static func < (left: Sentinel, right: Sentinel) -> Bool {
            left.lineage == right.lineage ? left.commitSequence < right.commitSequence : left.lineage < right.lineage
        }
    }

    package struct Update: Sendable {
        package let record: LiveUpdateRecord
        package let version: LiveVersion
    }

    package struct Contents: Sendable {
        package var updates: [String: Update] = [:]
        package var closed: [CandleRecord] = []
        /// Of every partition that is ours; they are checked again and again.
        package var sentinels: [Int32: Sentinel] = [:]

        package var hasNews: Bool { !updates.isEmpty || !closed.isEmpty }
    }

    /// Closed candles that wait at most: ten ticks of all intervals of 100 instruments, and more than any page shows.
    package static let closedLimit = 20_000

    private let contents = Mutex(Contents())
    /// Closed candles that Redis never got; PostgreSQL and the topic `candles` have them.
    private static let dropped = Counter(label: "processor_live_candles_dropped_total")

    package init() {}

    package func put(_ update: Update) { contents.withLock { $0.updates[update.record.symbol] = update } }

    package func put(closed: [CandleRecord], sentinels: [Int32: Sentinel]) {
        let excess = contents.withLock { contents in
            contents.closed += closed
            for (partition, sentinel) in sentinels { contents.sentinels[partition] = sentinel }
            let excess = max(0, contents.closed.count - Self.closedLimit)
            contents.closed.removeFirst(excess)
            return excess
        }
        if excess > 0 { Self.dropped.increment(by: excess) }
    }

    func forget(partition: Int32) { contents.withLock { _ = $0.sentinels.removeValue(forKey: partition) } }

    package func take() -> Contents {
        contents.withLock { contents in
            let taken = contents
            contents.updates = [:]
            contents.closed = []
            return taken
        }
    }

    /// Puts back what could not be sent; what came in meanwhile is newer and stays.
    package func giveBack(_ unsent: Contents) {
        let excess = contents.withLock { contents in
            contents.updates.merge(unsent.updates) { newer, _ in newer }
            contents.closed = unsent.closed + contents.closed
            let excess = max(0, contents.closed.count - Self.closedLimit)
            contents.closed.removeFirst(excess)
            return excess
        }
        if excess > 0 { Self.dropped.increment(by: excess) }
    }
}
