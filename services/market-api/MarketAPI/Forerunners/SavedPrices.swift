import MarketCore
import MarketWire

/// One price as the forerunner saved it every `DATA_SAVE_INTERVAL` seconds.
struct SavedPrice: Hashable, Sendable {
    var price: Price
    /// The end of its stretch of time; unix seconds.
    var time: Int64
    /// The last trade in it.
    var tradeID: Int64
}

/// The price at the end of every stretch of `DATA_SAVE_INTERVAL` in which something was traded: the close of its last
/// candle. Nothing is saved for it: the candles have it, exactly, and for whatever stretch is configured.
struct SavedPrices: Sendable {
    /// Candles read for one saved price at most.
    static let mostCandles: Int64 = 12
    private static let pageSize = 2_000

    let history: any CandleRepository
    /// Length of a stretch, in seconds.
    let everySeconds: Int64
    /// The longest candles that fit into it.
    let interval: Interval

    /// - Parameter everySeconds: such that there is an ``interval(for:among:)`` for it.
    init(history: any CandleRepository, everySeconds: Int64, intervals: [Interval]) {
        self.history = history
        self.everySeconds = everySeconds
        interval = Self.interval(for: everySeconds, among: intervals) ?? .base
    }

    /// The longest candles that make up a stretch; nil where none do, or too many would be needed.
    static func interval(for everySeconds: Int64, among intervals: [Interval]) -> Interval? {
        intervals.filter {
            everySeconds.isMultiple(of: $0.seconds) && everySeconds / $0.seconds <= mostCandles
        }.max()
    }

    /// The newest saved prices of a range, the newest first.
    ///
    /// - Parameters:
    ///   - times: of the prices; unix microseconds.
    ///   - settledMicros: stretches that ended before it get no further trades; nil where that is not known.
    func newest(
        _ instrument: Instrument, times: ClosedRange<Int64>, settledMicros: Int64?, limit: Int
    ) async throws(HistoryError) -> [SavedPrice] {
        let step = everySeconds * 1_000_000
        // A price's time is its stretch's end, both bounds included.
        let first = (times.lowerBound + step - 1) / step - 1
        let end = times.upperBound / step
        var range = max(0, first * everySeconds)..<max(0, end * everySeconds)
        var prices: [SavedPrice] = []
        var newest: Int64?
        while !range.isEmpty, prices.count < limit {
            let page = try await history.candles(
                CandleSelection(
                    symbol: instrument.key, interval: interval, range: range, edge: .newest,
                    limit: min(Self.pageSize, (limit - prices.count) * Int(everySeconds / interval.seconds) + 1)))
            guard let oldest = page.first else { break }
            for candle in page.reversed() {
                let time = (candle.windowStart / everySeconds + 1) * everySeconds
                guard time != newest else { continue }
                // The newest stretch may still be open: it counts when its last candle is there or its time is over.
                let isOver =
                    newest != nil || candle.windowStart + interval.seconds == time
                    || settledMicros.map { $0 >= time * 1_000_000 } ?? false
                newest = time
                guard isOver, prices.count < limit else { continue }
                prices.append(SavedPrice(price: candle.close, time: time, tradeID: candle.lastTradeID))
            }
            range = range.lowerBound..<max(range.lowerBound, oldest.windowStart)
        }
        return prices
    }
}
