import MarketCore
import MarketWire
import ServiceKit
import Synchronization

/// The last 24 hours of every symbol, from stored candles and the open one: read with one query for all of them, kept
/// for a moment, and read once however many ask.
final class DaySummaries: Sendable {
    /// All symbols at one instant.
    struct Day: Sendable {
        /// The market's time, which is that of its newest trade; unix microseconds.
        let atMicros: Int64
        /// Start of the first window; unix seconds.
        let start: Int64
        /// By key text; a symbol without a trade in that time is absent.
        let sums: [String: CandleSum]
    }

    /// How long a day is given again.
    static let maxAgeMicros: Int64 = 2_000_000

    private let board: LiveBoard
    private let history: any CandleRepository
    private let intervals: [Interval]
    private let time: TimeSource
    private let flight = SingleFlight<Int, Day>()
    private let kept = Mutex<(day: Day, readAtMicros: Int64)?>(nil)

    init(board: LiveBoard, history: any CandleRepository, intervals: [Interval], time: TimeSource) {
        self.board = board
        self.history = history
        self.intervals = intervals
        self.time = time
    }

    /// - Throws: ``HistoryError`` when the store cannot answer.
    func day() async throws(HistoryError) -> Day {
        let now = time.monotonicMicros
        if let known = kept.withLock({ $0 }), now - known.readAtMicros < Self.maxAgeMicros { return known.day }
        return try await flight.value(of: 0) { () async throws(HistoryError) in
            let day = try await self.read()
            self.kept.withLock { $0 = (day, self.time.monotonicMicros) }
            return day
        }
    }

    private func read() async throws(HistoryError) -> Day {
        let now = board.marketTimeMicros ?? time.wallMicros
        let end = now / 1_000_000
        let spans = CandleSpans(from: end - 86_400, to: end + 1, intervals: intervals)
        let symbols = board.instruments.map(\.info.instrument)
        // Before the stored ones: a window that closes in between is then in both, and the stored one counts.
        let open = symbols.compactMap { board.openCandle($0, spans.newestInterval) }
        var sums: [String: CandleSum] = [:]
        for sum in try await history.sums(of: symbols.map(\.key), over: spans) { sums[sum.symbol] = sum }
        for candle in open where candle.windowStart >= spans.start {
            guard let sum = sums[candle.symbol] else {
                sums[candle.symbol] = CandleSum(candle)
                continue
            }
            guard candle.windowStart > sum.lastWindowStart else { continue }
            if !(sums[candle.symbol]?.append(candle) ?? true) {
                throw HistoryError(isTransient: false, description: "the volume of \(candle.symbol) is out of range")
            }
        }
        return Day(atMicros: now, start: spans.start, sums: sums)
    }
}
