import Exchanges
import MarketCore
import MarketWire
import ServiceKit

/// What instruments did within the last 24 hours, up to their venue's newest trade; read from the repository once a
/// second at most, however many ask.
///
/// The 24 hours begin at a whole minute. Of an instrument without a trade in them there are no figures.
actor DayReader {
    static let seconds: Int64 = 86_400
    private static let maxAgeMicros: Int64 = 1_000_000

    private struct Known {
        let sum: CandleSum?
        let readAtMicros: Int64
    }

    private let history: any CandleRepository
    private let pending: PendingCandles
    private let intervals: [Interval]
    private let time: TimeSource
    private var known: [String: Known] = [:]
    private var reading: Task<Result<Void, HistoryError>, Never>?

    init(history: any CandleRepository, pending: PendingCandles, intervals: [Interval], time: TimeSource) {
        self.history = history
        self.pending = pending
        self.intervals = intervals
        self.time = time
    }

    /// The sums of some instruments by key text.
    func days(_ instruments: [Instrument]) async throws(HistoryError) -> [String: CandleSum] {
        while true {
            let now = time.monotonicMicros
            let stale = instruments.filter { instrument in
                known[instrument.key].map { now - $0.readAtMicros >= Self.maxAgeMicros } ?? true
            }
            guard !stale.isEmpty else { break }
            if let reading {
                // Somebody else is reading: what he brings may be enough.
                try await reading.value.get()
                continue
            }
            let task = Task {
                // By itself: whoever waits may go on before the one who asked, and must not find what has ended.
                defer { reading = nil }
                return await read(stale)
            }
            reading = task
            try await task.value.get()
            break
        }
        var days: [String: CandleSum] = [:]
        for instrument in instruments { days[instrument.key] = known[instrument.key]?.sum }
        return days
    }

    /// Where the 24 hours of an instrument's venue begin and end, unix microseconds.
    nonisolated func span(_ venue: String) -> (open: Int64, close: Int64) {
        let close = pending.marketMicros(venue) ?? time.wallMicros
        return (close - Self.seconds * 1_000_000, close)
    }

    private func read(_ instruments: [Instrument]) async -> Result<Void, HistoryError> {
        let now = time.monotonicMicros
        for (venue, group) in Dictionary(grouping: instruments, by: \.venue) {
            let close = span(venue).close / 1_000_000
            let spans = CandleSpans(from: close - Self.seconds, to: close + 1, intervals: intervals)
            // Before the closed ones are read: what closes between the two is then in both, and never in neither.
            var open: [String: [CandleRecord]] = [:]
            for instrument in group { open[instrument.key] = pending.candles(instrument, spans.newestInterval) }
            do throws(HistoryError) {
                let stored = try await history.sums(of: group.map(\.key), over: spans)
                var sums = Dictionary(stored.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
                for instrument in group {
                    for candle in open[instrument.key] ?? [] where candle.windowStart >= spans.start {
                        try Self.add(candle, to: &sums[instrument.key])
                    }
                    known[instrument.key] = Known(sum: sums[instrument.key], readAtMicros: now)
                }
            } catch {
                return .failure(error)
            }
        }
        return .success(())
    }

    private static func add(_ candle: CandleRecord, to sum: inout CandleSum?) throws(HistoryError) {
        guard let known = sum else {
            sum = CandleSum(candle)
            return
        }
        // One that is not newer has closed meanwhile and is counted already.
        guard candle.windowStart > known.lastWindowStart else { return }
        guard sum?.append(candle) ?? true else {
            throw HistoryError(isTransient: false, description: "the volume of \(candle.symbol) is out of range")
        }
    }
}

extension BinanceTicker {
    /// - Parameters:
    ///   - sum: nil where nothing was traded.
    ///   - span: where the 24 hours begin and end, unix microseconds.
    init(
        _ symbol: String, _ quote: Quote, _ lastQuantity: Quantity, _ sum: CandleSum?,
        _ span: (open: Int64, close: Int64)
    ) {
        let open = sum?.open ?? quote.price
        self.init(
            symbol: symbol,
            priceChange: Price(scaledValue: quote.price.scaledValue - open.scaledValue) ?? Price(raw: 0),
            priceChangePercent: Ratio.percent(from: open, to: quote.price, places: 3) ?? "0.000",
            weightedAveragePrice: sum.flatMap { Ratio.averagePrice($0.quoteVolume, over: $0.volume) } ?? Price(raw: 0),
            previousClose: sum?.previousClose ?? open, lastPrice: quote.price, lastQuantity: lastQuantity, open: open,
            high: max(sum?.high ?? quote.price, quote.price), low: min(sum?.low ?? quote.price, quote.price),
            volume: sum?.volume ?? .zero, quoteVolume: sum?.quoteVolume ?? .zero, openMicros: span.open,
            closeMicros: span.close, firstTradeID: sum?.firstTradeID ?? -1, lastTradeID: sum?.lastTradeID ?? -1,
            tradeCount: sum?.tradeCount ?? 0)
    }
}
