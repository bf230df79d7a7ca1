import MarketCore
import MarketWire

/// Adjoining stretches of time, ascending, each read from the candles of one interval: few rows for long times, exact
/// at the edges.
struct CandleSpans: Hashable, Sendable {
    struct Span: Hashable, Sendable {
        var interval: Interval
        /// Window starts in unix seconds; whole windows of the interval.
        var range: Range<Int64>
    }

    var spans: [Span]

    /// Where the first begins; unix seconds.
    var start: Int64 { spans.first?.range.lowerBound ?? 0 }

    /// The time from `start` up to now.
    ///
    /// The newest whole hour is read in its smaller candles, too: its own may not have closed yet.
    ///
    /// - Parameters:
    ///   - start: unix seconds; rounded up to a window of the finest interval that is used.
    ///   - end: unix seconds; windows that began before it count.
    ///   - intervals: those that are built.
    init(from start: Int64, to end: Int64, intervals: [Interval]) {
        let fine: Interval = intervals.contains(.oneMinute) ? .oneMinute : .base
        let first = Self.roundUp(start, fine.seconds)
        let hour = Interval.oneHour.seconds
        let firstHour = Self.roundUp(first, hour)
        let lastHour = end / hour * hour - hour
        guard intervals.contains(.oneHour), firstHour < lastHour else {
            spans = [Span(interval: fine, range: first..<max(first, end))]
            return
        }
        spans = [
            Span(interval: fine, range: first..<firstHour), Span(interval: .oneHour, range: firstHour..<lastHour),
            Span(interval: fine, range: lastHour..<end),
        ].filter { !$0.range.isEmpty }
    }

    /// The interval of the newest span, of which the open window may be added.
    var newestInterval: Interval { spans.last?.interval ?? .base }

    private static func roundUp(_ time: Int64, _ step: Int64) -> Int64 { (max(0, time) + step - 1) / step * step }
}

/// What the candles of a stretch of time amount to.
struct CandleSum: Hashable, Sendable {
    /// The instrument's key text.
    var symbol: String
    var open: Price
    var high: Price
    var low: Price
    var close: Price
    var volume: Quantity
    var quoteVolume: QuoteAmount
    var tradeCount: Int64
    /// Start of the newest window that is in it; unix seconds.
    var lastWindowStart: Int64
    /// The last price before the stretch, where one is known from the 31 days before.
    var previousClose: Price?
    var firstTradeID: Int64
    var lastTradeID: Int64

    /// Takes in a candle that follows all that are in it; false, and nothing changed, where a sum is out of range.
    mutating func append(_ candle: CandleRecord) -> Bool {
        let (count, overflow) = tradeCount.addingReportingOverflow(candle.tradeCount)
        guard !overflow, let volume = volume.adding(candle.volume),
            let quoteVolume = quoteVolume.adding(candle.quoteVolume)
        else { return false }
        high = max(high, candle.high)
        low = min(low, candle.low)
        close = candle.close
        tradeCount = count
        self.volume = volume
        self.quoteVolume = quoteVolume
        lastWindowStart = candle.windowStart
        lastTradeID = candle.lastTradeID
        return true
    }
}

extension CandleSum {
    /// The sum of one candle.
    init(_ candle: CandleRecord, previousClose: Price? = nil) {
        self.init(
            symbol: candle.symbol, open: candle.open, high: candle.high, low: candle.low, close: candle.close,
            volume: candle.volume, quoteVolume: candle.quoteVolume, tradeCount: candle.tradeCount,
            lastWindowStart: candle.windowStart, previousClose: previousClose, firstTradeID: candle.firstTradeID,
            lastTradeID: candle.lastTradeID)
    }
}
