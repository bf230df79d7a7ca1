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

        package init(record: LiveUpdateRecord, version: LiveVersion) {
            self.record = record
            self.version = version
        }
    }

    package struct Contents: Sendable {
        package var updates: [String: Update] = [:]
        package var closed: [CandleRecord] = []
        /// Of every partition that is ours; they are checked again and again.
        package var sentinels: [Int32: Sentinel] = [:]

        package var hasNews: Bool { !updates.isEmpty || !closed.isEmpty }
    }

    /// What is written to Redis at once.
    struct Due: Sendable {
        var updates = LivePacing.Due()
        var closed: [CandleRecord] = []
        var sentinels: [Int32: Sentinel] = [:]
        /// Whether anything came in since the last time; else it is only candles whose turn it is.
        var isFresh = false

        var hasNews: Bool { !updates.whole.isEmpty || !updates.prices.isEmpty || !closed.isEmpty }
    }

    private struct State {
        var contents = Contents()
        var pacing = LivePacing()
    }

    /// Closed candles that wait at most: ten ticks of all intervals of 100 instruments, and more than any page shows.
    package static let closedLimit = 20_000

    private let state = Mutex(State())
    /// Closed candles that Redis never got; PostgreSQL and the topic `candles` have them.
    private static let dropped = Counter(label: "processor_live_candles_dropped_total")

    /// Yields when something waits; wake-ups that come before the contents were taken are one.
    let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation

    package init() {
        (wakeups, wakeup) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes the publisher, whether something waits or not.
    func wake() { wakeup.yield() }

    package func put(_ updates: [Update]) {
        state.withLock { state in
            for update in updates { state.contents.updates[update.record.symbol] = update }
        }
        wake()
    }

    package func put(closed: [CandleRecord], sentinels: [Int32: Sentinel]) {
        let excess = state.withLock { state in
            for (partition, sentinel) in sentinels { state.contents.sentinels[partition] = sentinel }
            state.contents.closed += closed
            return state.contents.bound()
        }
        if excess > 0 { Self.dropped.increment(by: excess) }
        if !closed.isEmpty { wake() }
    }

    func forget(partition: Int32) { state.withLock { _ = $0.contents.sentinels.removeValue(forKey: partition) } }

    /// Takes everything.
    package func take() -> Contents {
        state.withLock { state in
            var taken = state.contents
            taken.updates.merge(state.pacing.takeOwed()) { newer, _ in newer }
            state.contents.updates = [:]
            state.contents.closed = []
            return taken
        }
    }

    /// Takes what is due at this monotonic time; candles of an instrument may wait for their turn.
    func takeDue(nowMicros: Int64) -> Due {
        state.withLock { state in
            let due = Due(
                updates: state.pacing.take(state.contents.updates, nowMicros: nowMicros),
                closed: state.contents.closed, sentinels: state.contents.sentinels,
                isFresh: state.contents.hasNews)
            state.contents.updates = [:]
            state.contents.closed = []
            return due
        }
    }

    /// Puts back what could not be sent; what came in meanwhile is newer and stays.
    package func giveBack(_ unsent: Contents) { giveBack(Array(unsent.updates.values), unsent.closed) }

    /// The same of what was due: prices without candles are still owed as whole updates.
    func giveBack(_ unsent: Due) { giveBack(unsent.updates.whole, unsent.closed) }

    private func giveBack(_ updates: [Update], _ closed: [CandleRecord]) {
        let excess = state.withLock { state in
            for update in updates where state.contents.updates[update.record.symbol] == nil {
                state.contents.updates[update.record.symbol] = update
            }
            state.contents.closed = closed + state.contents.closed
            return state.contents.bound()
        }
        if excess > 0 { Self.dropped.increment(by: excess) }
    }
}

extension LiveMailbox.Contents {
    /// Drops the oldest closed candles beyond the limit.
    ///
    /// - Returns: how many.
    fileprivate mutating func bound() -> Int {
        let excess = max(0, closed.count - LiveMailbox.closedLimit)
        closed.removeFirst(excess)
        return excess
    }
}
