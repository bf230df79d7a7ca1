import MarketCore
import MarketWire
import ServiceKit
import Synchronization

/// The candles that are not in PostgreSQL yet, and how far each venue's market has come.
///
/// When a window begins, the one before it is still open for a while and is replaced on the board by the new one: here
/// both are kept until they have closed. Bounded: ``pendingLimit`` candles of an instrument and interval, the oldest
/// is dropped.
final class PendingCandles: LiveListener {
    /// PostgreSQL may be away for so many windows before the oldest is forgotten.
    static let pendingLimit = 32

    fileprivate struct Slot {
        /// Ascending by window.
        var candles: [CandleRecord] = []
        /// Start of the newest window known to have closed.
        var closedThrough = Int64.min
    }

    fileprivate struct Contents {
        var slots: [String: [Slot]] = [:]
        /// The newest trade's time by venue, unix microseconds.
        var times: [String: Int64] = [:]
    }

    private let contents = Mutex(Contents())
    private let time: TimeSource

    init(time: TimeSource) { self.time = time }

    // MARK: What is asked

    /// The candles of an interval that have not closed, ascending.
    func candles(_ instrument: Instrument, _ interval: Interval) -> [CandleRecord] {
        contents.withLock { $0.slots[instrument.key]?[Int(interval.rawValue)].candles ?? [] }
    }

    /// The time of the venue's newest trade, unix microseconds and never ahead of the clock; nil before the first.
    func marketMicros(_ venue: String) -> Int64? {
        contents.withLock { $0.times[venue] }.map { min($0, time.wallMicros) }
    }

    // MARK: LiveListener

    func took(_ update: LiveUpdateRecord, of instrument: Instrument, isSnapshot: Bool) {
        contents.withLock { contents in
            contents.times[instrument.venue] = max(
                contents.times[instrument.venue] ?? .min, update.eventTimeMicros)
            contents.change(instrument) { slots in
                for candle in update.candles where !candle.isClosed {
                    slots[Int(candle.interval.rawValue)].take(candle)
                }
            }
        }
    }

    func tookClosed(_ candle: CandleRecord, of instrument: Instrument, isSnapshot: Bool) {
        contents.withLock { contents in
            contents.change(instrument) { slots in
                slots[Int(candle.interval.rawValue)].close(through: candle.windowStart)
                guard candle.interval == .base else { return }
                // All intervals close by the same watermark, which has reached the end of this window.
                let end = candle.windowStart + candle.interval.seconds
                for interval in Interval.allCases where interval != .base {
                    slots[Int(interval.rawValue)].close(through: end - interval.seconds)
                }
            }
        }
    }

    func tookGap() {}
}

extension PendingCandles.Contents {
    fileprivate mutating func change(_ instrument: Instrument, _ body: (inout [PendingCandles.Slot]) -> Void) {
        body(&slots[instrument.key, default: .init(repeating: .init(), count: Interval.allCases.count)])
    }
}

extension PendingCandles.Slot {
    /// Takes an open candle unless its window has closed or a later state of it is known.
    fileprivate mutating func take(_ candle: CandleRecord) {
        guard candle.windowStart > closedThrough else { return }
        let place = candles.firstIndex { $0.windowStart >= candle.windowStart } ?? candles.count
        if place < candles.count, candles[place].windowStart == candle.windowStart {
            if candle.tradeCount >= candles[place].tradeCount { candles[place] = candle }
            return
        }
        candles.insert(candle, at: place)
        if candles.count > PendingCandles.pendingLimit { candles.removeFirst() }
    }

    fileprivate mutating func close(through windowStart: Int64) {
        guard windowStart > closedThrough else { return }
        closedThrough = windowStart
        candles.removeAll { $0.windowStart <= windowStart }
    }
}
