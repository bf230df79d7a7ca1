import MarketCore

/// Why nothing can be said of a window.
enum NotComparable: String, CaseIterable, Sendable {
    case open = "not closed yet"
    case dropped = "dropped by retention"
    case notCovered = "not wholly in the trades"
}

/// A value on which two of the three do not agree.
struct CandleDifference: Hashable, Sendable {
    let interval: Interval
    let windowStart: Int64
    /// ``wholeRow`` where one of them has no such candle.
    let column: String
    let stored: String
    let recomputed: String
    let venue: String

    static let wholeRow = "(row)"
    static let none = "none"
    static let notAsked = "-"
}

/// How the candles of one interval compare.
struct IntervalVerdict: Sendable {
    let interval: Interval
    /// Candles whose stored row was held against the trades.
    var compared = 0
    /// Of those, the ones that were held against the venue's own too.
    var comparedWithVenue = 0
    /// Of those that were compared, the ones that differ.
    var differing = 0
    var notComparable: [NotComparable: Int] = [:]
    /// The first ones.
    var differences: [CandleDifference] = []

    init(_ interval: Interval) { self.interval = interval }
}

/// Three accounts of the same candles, held against each other.
struct CandleComparison {
    let interval: Interval
    /// Where windows begin, unix seconds.
    let windows: Range<Int64>
    let recomputed: [Int64: RecomputedCandle]
    /// Oldest first.
    let stored: [CandleFigures]
    /// By the start of the window; nil where the venue was not asked.
    let venue: [Int64: CandleFigures]?
    /// How many differences are kept.
    let limit: Int

    /// - Parameter reason: why nothing can be said of the window that begins there; nil where it can.
    func verdict(_ reason: (Int64) -> NotComparable?) -> IntervalVerdict {
        let rows = Dictionary(stored.map { ($0.windowStart, $0) }) { first, _ in first }
        var starts = Set(rows.keys)
        for start in recomputed.keys where windows.contains(start) { starts.insert(start) }
        for start in (venue ?? [:]).keys where windows.contains(start) { starts.insert(start) }
        var verdict = IntervalVerdict(interval)
        for start in starts.sorted() {
            if let reason = reason(start) {
                verdict.notComparable[reason, default: 0] += 1
                continue
            }
            verdict.compared += 1
            if venue != nil { verdict.comparedWithVenue += 1 }
            let found = differences(
                start, rows[start], recomputed[start]?.figures(windowStart: start), venue.map { $0[start] })
            guard !found.isEmpty else { continue }
            verdict.differing += 1
            verdict.differences += found.prefix(max(0, limit - verdict.differences.count))
        }
        return verdict
    }

    /// - Parameter venue: nil where it was not asked, nil within where it has no such candle.
    private func differences(
        _ start: Int64, _ stored: CandleFigures?, _ recomputed: CandleFigures?, _ venue: CandleFigures??
    ) -> [CandleDifference] {
        func difference(_ column: String, _ texts: (stored: String, recomputed: String, venue: String))
            -> CandleDifference
        {
            CandleDifference(
                interval: interval, windowStart: start, column: column, stored: texts.stored,
                recomputed: texts.recomputed, venue: texts.venue)
        }
        func isThere(_ candle: CandleFigures?) -> String {
            candle.map { "\($0[.tradeCount] ?? "?") trades" } ?? CandleDifference.none
        }
        let venueLacks = if case .some(.none) = venue { true } else { false }
        guard let stored, let recomputed, !venueLacks else {
            let inVenue = venue.map(isThere) ?? CandleDifference.notAsked
            return [difference(CandleDifference.wholeRow, (isThere(stored), isThere(recomputed), inVenue))]
        }
        return CandleColumn.allCases.compactMap { column in
            let (inStore, inTrades) = (stored[column] ?? "", recomputed[column] ?? "")
            let inVenue = venue.flatMap { $0?[column] }
            guard inStore != inTrades || (inVenue ?? inStore) != inStore else { return nil }
            return difference(column.rawValue, (inStore, inTrades, inVenue ?? CandleDifference.notAsked))
        }
    }
}
