import Exchanges
import MarketCore
import MarketWire

/// The klines of one instrument and length as a stream tells them: the one that forms, and each that has closed once,
/// in order.
///
/// A window is told as closed when the stored candle at its end has closed, or a later one; what comes for it
/// afterwards amends history and is not told again. A window that begins is not told before the one before it has
/// closed, so that a client sees one after the other.
struct KlineSeries: Sendable {
    /// More stored candles than this make no window here, and more than twice as many never wait.
    static let maxCandlesPerWindow: Int64 = 1_500
    /// Of windows without trades in a row, so many are told.
    private static let flatLimit = 500

    let calendar: BinanceCalendar
    /// The stored interval that it is made from.
    let base: Interval
    /// The candles of windows that have not been told as closed, ascending, none of a window twice.
    private var parts: [CandleRecord] = []
    /// The first window that has not been told as closed; nil before anything is known.
    private(set) var next: Int64?
    /// Start of the newest stored window known to have closed.
    private var closedThrough = Int64.min
    /// The price before `next`.
    private var previousClose: Price?
    /// Whether the beginning of the first window is here too.
    private(set) var isSeeded: Bool

    /// - Parameters:
    ///   - intervals: those that are stored.
    ///   - reached: how far the market has come, unix seconds; nil where nothing is known.
    ///   - pending: the candles that are open now.
    /// - Returns: nil where it cannot be made from what is stored.
    init?(
        _ calendar: BinanceCalendar, among intervals: [Interval], reached: Int64?,
        pending: (Interval) -> [CandleRecord]
    ) {
        guard let base = KlineFold.base(of: calendar, among: intervals),
            calendar.longestSeconds / base.seconds <= Self.maxCandlesPerWindow
        else { return nil }
        self.calendar = calendar
        self.base = base
        // A stored interval's own candle holds the whole window.
        isSeeded = calendar.interval.seconds == base.seconds
        let open = pending(base)
        next = (open.first?.windowStart ?? reached).map { calendar.windowStart(ofSeconds: $0) }
        for candle in open { _ = take(open: candle) }
    }

    /// Whether more waits than there is room for: history cannot be had.
    var isOverfull: Bool { parts.count > 2 * Self.maxCandlesPerWindow }

    /// Takes an open candle of the base interval.
    ///
    /// - Returns: whether it changed anything.
    mutating func take(open candle: CandleRecord) -> Bool {
        guard candle.windowStart > closedThrough else { return false }
        if next == nil { next = calendar.windowStart(ofSeconds: candle.windowStart) }
        return put(candle)
    }

    /// Takes a closed or amended candle of the base interval.
    ///
    /// - Returns: the klines that have closed by it, in order.
    mutating func take(closed candle: CandleRecord) throws(KlineError) -> [BinanceKline] {
        closedThrough = max(closedThrough, candle.windowStart)
        return put(candle) ? try closings() : []
    }

    /// Takes the closed candles that history has from the window before ``next`` on.
    ///
    /// - Parameter candles: ascending.
    /// - Returns: the klines that have closed since this series began, in order.
    mutating func seed(_ candles: [CandleRecord]) throws(KlineError) -> [BinanceKline] {
        guard !isSeeded, let next else { return [] }
        isSeeded = true
        previousClose = candles.last { $0.windowStart < next }?.close
        for candle in candles { _ = put(candle) }
        closedThrough = max(closedThrough, candles.last?.windowStart ?? .min)
        return try closings()
    }

    /// The kline that forms: of the first window that has not closed. Nil while nothing of it is known.
    func current() throws(KlineError) -> BinanceKline? {
        guard isSeeded, let first = parts.first else { return nil }
        let end = calendar.windowEnd(ofStart: calendar.windowStart(ofSeconds: first.windowStart))
        return try KlineFold(calendar: calendar).klines(parts.prefix { $0.windowStart < end }).first
    }

    private mutating func put(_ candle: CandleRecord) -> Bool {
        guard let next, candle.windowStart >= next else { return false }
        let place = parts.firstIndex { $0.windowStart >= candle.windowStart } ?? parts.count
        if place < parts.count, parts[place].windowStart == candle.windowStart {
            let known = parts[place]
            // Closed ones by their revision; open ones grow.
            guard
                (candle.isClosed ? 1 : 0, candle.revision, candle.tradeCount)
                    >= (known.isClosed ? 1 : 0, known.revision, known.tradeCount), candle != known
            else { return false }
            parts[place] = candle
        } else {
            parts.insert(candle, at: place)
        }
        return true
    }

    private mutating func closings() throws(KlineError) -> [BinanceKline] {
        guard isSeeded, closedThrough > .min, var start = next else { return [] }
        let reached = closedThrough + base.seconds
        let fold = KlineFold(calendar: calendar)
        let last = calendar.windowStart(ofSeconds: reached - 1)
        // A long silence is not told window by window.
        let recent = earlier(last, by: Self.flatLimit)
        var klines: [BinanceKline] = []
        while calendar.windowEnd(ofStart: start) <= reached {
            let end = calendar.windowEnd(ofStart: start)
            let count = parts.prefix { $0.windowStart < end }.count
            if let kline = try fold.klines(parts[..<count]).first {
                klines.append(kline)
                previousClose = kline.close
            } else if let previousClose, start >= recent {
                klines += fold.filled([], from: start, through: start, limit: 1, previousClose: previousClose)
            }
            parts.removeFirst(count)
            start = count == 0 && start < recent ? max(end, min(recent, firstPart ?? recent)) : end
        }
        next = start
        return klines
    }

    /// The window of the first part.
    private var firstPart: Int64? { parts.first.map { calendar.windowStart(ofSeconds: $0.windowStart) } }

    private func earlier(_ start: Int64, by windows: Int) -> Int64 {
        calendar.windowStart(ofSeconds: start - Int64(windows) * calendar.longestSeconds)
    }
}
