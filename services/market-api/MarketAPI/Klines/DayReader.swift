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
        let figures: DayFigures?
        let readAtMicros: Int64
    }

    private let history: any CandleRepository
    private let pending: PendingCandles
    private let fine: Interval
    private let coarse: Interval
    private let time: TimeSource
    private var known: [String: Known] = [:]
    private var reading: Task<Result<Void, HistoryError>, Never>?

    init(history: any CandleRepository, pending: PendingCandles, intervals: [Interval], time: TimeSource) {
        self.history = history
        self.pending = pending
        self.time = time
        fine = intervals.filter { $0 <= .oneMinute }.max() ?? .base
        coarse = intervals.filter { $0 <= .oneHour }.max() ?? .base
    }

    /// The figures of some instruments by key text.
    func days(_ instruments: [Instrument]) async throws(HistoryError) -> [String: DayFigures] {
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
            let task = Task { await self.read(stale) }
            reading = task
            let outcome = await task.value
            reading = nil
            try outcome.get()
            break
        }
        var days: [String: DayFigures] = [:]
        for instrument in instruments { days[instrument.key] = known[instrument.key]?.figures }
        return days
    }

    /// Where the 24 hours of an instrument's venue begin and end, unix microseconds.
    nonisolated func span(_ venue: String) -> (open: Int64, close: Int64) {
        let close = pending.marketMicros(venue) ?? time.wallMicros
        return (close - Self.seconds * 1_000_000, close)
    }

    private func read(_ instruments: [Instrument]) async -> Result<Void, HistoryError> {
        let now = time.monotonicMicros
        // Before the closed ones are read: what closes between the two is then in both, and never in neither.
        var open: [String: [CandleRecord]] = [:]
        for instrument in instruments { open[instrument.key] = pending.candles(instrument, fine) }
        for (venue, group) in Dictionary(grouping: instruments, by: \.venue) {
            let close = span(venue).close / 1_000_000
            let start = (close - Self.seconds) / fine.seconds * fine.seconds + fine.seconds
            let range = max(0, start)..<max(1, start + Self.seconds + fine.seconds)
            do throws(HistoryError) {
                let stored = try await history.days(
                    DaySelection(symbols: group.map(\.key), range: range, fine: fine, coarse: coarse))
                for instrument in group {
                    var figures = stored[instrument.key]
                    for candle in open[instrument.key] ?? [] where range.contains(candle.windowStart) {
                        try Self.add(candle, to: &figures)
                    }
                    known[instrument.key] = Known(figures: figures, readAtMicros: now)
                }
            } catch {
                return .failure(error)
            }
        }
        return .success(())
    }

    private static func add(_ candle: CandleRecord, to figures: inout DayFigures?) throws(HistoryError) {
        guard let known = figures else {
            figures = DayFigures(kline: BinanceKline(candle), previousClose: nil)
            return
        }
        // It has closed meanwhile and is counted already.
        guard candle.firstTradeID > known.kline.lastTradeID else { return }
        guard figures?.kline.append(BinanceKline(candle)) ?? true else {
            throw HistoryError(isTransient: false, description: "a sum is out of range")
        }
    }
}

extension BinanceTicker {
    /// - Parameters:
    ///   - figures: nil where nothing was traded.
    ///   - span: where the 24 hours begin and end, unix microseconds.
    init(_ symbol: String, _ quote: Quote, _ lastQuantity: Quantity, _ figures: DayFigures?, _ span: (Int64, Int64)) {
        let kline = figures?.kline ?? BinanceKline(startMicros: span.0, endMicros: span.1, flatAt: quote.price)
        self.init(
            symbol: symbol,
            priceChange: Price(scaledValue: quote.price.scaledValue - kline.open.scaledValue) ?? kline.open,
            priceChangePercent: Ratio.percent(from: kline.open, to: quote.price, places: 3) ?? "0.000",
            weightedAveragePrice: Ratio.averagePrice(kline.quoteVolume, over: kline.volume) ?? Price(raw: 0),
            previousClose: figures?.previousClose ?? kline.open, lastPrice: quote.price, lastQuantity: lastQuantity,
            open: kline.open, high: max(kline.high, quote.price), low: min(kline.low, quote.price),
            volume: kline.volume, quoteVolume: kline.quoteVolume, openMicros: span.0, closeMicros: span.1,
            firstTradeID: kline.firstTradeID, lastTradeID: kline.lastTradeID, tradeCount: kline.tradeCount)
    }
}
