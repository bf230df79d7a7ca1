import Exchanges
import MarketCore
import MarketWire

/// Which klines are asked for. Times are unix seconds; a window counts by its start.
struct KlineSelection: Hashable, Sendable {
    var instrument: Instrument
    var calendar: BinanceCalendar
    /// The first start that counts; nil for the newest windows.
    var from: Int64?
    /// The last start that counts; nil for the newest there is.
    var through: Int64?
    /// 1 or more.
    var limit: Int
}

/// Reads klines of any length: closed candles from the repository, open ones from the live state, folded.
struct KlineReader: Sendable {
    /// Stored candles that one answer may be folded from; a longer answer is cut, as a page may be.
    static let maxCandles = 50_000

    let history: any CandleRepository
    let pending: PendingCandles
    /// The intervals that are stored.
    let intervals: [Interval]

    /// The klines of a selection, ascending, with flat ones where nothing was traded. They begin with the first trade
    /// that is known and go on to the time of the venue's newest trade.
    func klines(_ selection: KlineSelection) async throws(KlineError) -> [BinanceKline] {
        let source = try source(selection)
        let calendar = selection.calendar
        guard let reached = try await source.reached(), selection.through ?? .max >= 0 else { return [] }
        let last = calendar.windowStart(ofSeconds: min(reached, selection.through ?? .max))
        let limit = source.affordable(selection.limit)
        var start: Int64
        if let from = selection.from {
            start = calendar.windowStart(ofSeconds: from)
            if start < from { start = calendar.windowEnd(ofStart: start) }
        } else {
            start = last
            for _ in 1..<limit where start > 0 { start = calendar.windowStart(before: start) }
        }
        guard start <= last else { return [] }
        let previous = try await source.newest(before: start)
        if previous == nil {
            guard let first = try await source.oldest(from: start) else { return [] }
            start = max(start, calendar.windowStart(ofSeconds: first.windowStart))
            guard start <= last else { return [] }
        }
        var end = start
        for _ in 0..<limit where end <= last { end = calendar.windowEnd(ofStart: end) }
        let fold = KlineFold(calendar: calendar)
        let traded = try fold.klines(try await source.candles(in: start..<end))
        return fold.filled(traded, from: start, through: last, limit: limit, previousClose: previous?.close)
    }

    /// The newest klines in which something was traded and that start before `end`, ascending.
    func traded(_ selection: KlineSelection) async throws(KlineError) -> [BinanceKline] {
        let source = try source(selection)
        let calendar = selection.calendar
        // Whole windows only, whatever the times are.
        var lower: Int64 = 0
        if let from = selection.from, from > 0 {
            lower = calendar.windowStart(ofSeconds: from)
            if lower < from { lower = calendar.windowEnd(ofStart: lower) }
        }
        let last = min(selection.through ?? QueryReader.lastUnixSecond, QueryReader.lastUnixSecond)
        let upper = calendar.windowEnd(ofStart: calendar.windowStart(ofSeconds: last))
        guard last >= 0, lower < upper else { return [] }
        let range = lower..<upper
        let limit = source.affordable(selection.limit)
        let wanted = limit * source.candlesPerWindow
        let candles = try await source.newest(in: range, limit: wanted)
        var klines = try KlineFold(calendar: calendar).klines(candles)
        // Where as many were found as were asked for, more may belong to the first window.
        if candles.count >= wanted, let first = candles.first, let kline = klines.first,
            first.windowStart * 1_000_000 != kline.startMicros
        {
            klines.removeFirst()
        }
        return Array(klines.suffix(limit))
    }

    /// The newest closed candle of an instrument that begins before an instant; nil where there is none.
    func newestStart(_ selection: KlineSelection, before end: Int64) async throws(KlineError) -> Int64? {
        try await source(selection).newest(before: end).map {
            selection.calendar.windowStart(ofSeconds: $0.windowStart)
        }
    }

    private func source(_ selection: KlineSelection) throws(KlineError) -> KlineSource {
        guard let base = KlineFold.base(of: selection.calendar, among: intervals) else { throw .unsupportedInterval }
        // Before the closed ones are read: what closes between the two is then in both, and never in neither.
        return KlineSource(
            history: history, instrument: selection.instrument, base: base,
            pending: pending.candles(selection.instrument, base),
            marketSeconds: pending.marketMicros(selection.instrument.venue).map { $0 / 1_000_000 },
            candlesPerWindow: Int(max(1, selection.calendar.longestSeconds / base.seconds)))
    }
}

/// The candles of one instrument and one stored interval, closed and open.
private struct KlineSource: Sendable {
    let history: any CandleRepository
    let instrument: Instrument
    let base: Interval
    /// Ascending.
    let pending: [CandleRecord]
    /// The time of the venue's newest trade.
    let marketSeconds: Int64?
    let candlesPerWindow: Int

    private static let endOfTime = QueryReader.lastUnixSecond + 1

    /// How many windows can be folded for one answer.
    func affordable(_ limit: Int) -> Int { max(1, min(limit, KlineReader.maxCandles / candlesPerWindow)) }

    /// How far the market has come, unix seconds; nil where nothing is known of the instrument.
    func reached() async throws(KlineError) -> Int64? {
        let live = [marketSeconds, pending.last?.windowStart].compactMap(\.self).max()
        if let live { return live }
        return try await newest(before: Self.endOfTime)?.windowStart
    }

    func newest(before end: Int64) async throws(KlineError) -> CandleRecord? {
        try await newest(in: 0..<max(0, end), limit: 1).last
    }

    func oldest(from start: Int64) async throws(KlineError) -> CandleRecord? {
        let range = max(0, start)..<max(0, start, Self.endOfTime)
        return merged(try await read(range, .oldest, limit: 1), range).first
    }

    func candles(in range: Range<Int64>) async throws(KlineError) -> [CandleRecord] {
        merged(try await read(range, .oldest, limit: KlineReader.maxCandles), range)
    }

    func newest(in range: Range<Int64>, limit: Int) async throws(KlineError) -> [CandleRecord] {
        let bounded = range.clamped(to: 0..<Self.endOfTime)
        return merged(try await read(bounded, .newest, limit: limit), bounded).suffix(limit)
    }

    private func read(
        _ range: Range<Int64>, _ edge: CandleSelection.Edge, limit: Int
    ) async throws(KlineError) -> [CandleRecord] {
        guard !range.isEmpty else { return [] }
        do {
            return try await history.candles(
                CandleSelection(symbol: instrument.key, interval: base, range: range, edge: edge, limit: limit))
        } catch {
            throw .history(error)
        }
    }

    /// The open ones among the stored ones; of a window that has closed meanwhile the stored row is the later truth.
    private func merged(_ stored: [CandleRecord], _ range: Range<Int64>) -> [CandleRecord] {
        let known = Set(stored.map(\.windowStart))
        let open = pending.filter { range.contains($0.windowStart) && !known.contains($0.windowStart) }
        guard !open.isEmpty else { return stored }
        return (stored + open).sorted { $0.windowStart < $1.windowStart }
    }
}
