/// Of which times a source has every trade.
enum SourceCoverage: Sendable {
    /// Of all that there are.
    case whole
    /// From this instant on, unix microseconds; nil: of none.
    case since(Int64?)
    /// Between the first and the last trade of each of these runs of ids without a gap, unix microseconds.
    case between([ClosedRange<Int64>])

    /// How much later than its neighbours a trade may lie in a log: two producers, a connection that was replaced.
    private static let disorderMicros: Int64 = 60_000_000

    /// A log that does not begin with the first trade: what lay before is gone.
    static func log(firstTradeMicros: Int64?) -> SourceCoverage {
        .since(firstTradeMicros.map { $0 + disorderMicros })
    }

    /// Files, which may begin, end and be interrupted anywhere.
    ///
    /// - Parameter trades: in the venue's order.
    static func runs(of trades: [VerifiedTrade]) -> SourceCoverage {
        var runs: [ClosedRange<Int64>] = []
        var start = 0
        for index in trades.indices {
            let next = index + 1
            if next < trades.count, trades[next].firstID == trades[index].lastID + 1 { continue }
            let times = trades[start].timeMicros...max(trades[start].timeMicros, trades[index].timeMicros)
            runs.append(times)
            start = next
        }
        return .between(runs)
    }

    /// Whether it has every trade of a window.
    ///
    /// - Parameters:
    ///   - start: unix seconds.
    ///   - end: unix seconds, excluded.
    func covers(_ start: Int64, _ end: Int64) -> Bool {
        let (start, end) = (start * 1_000_000, end * 1_000_000)
        switch self {
        case .whole: return true
        case .since(let first): return first.map { start >= $0 } ?? false
        case .between(let runs):
            // The last run that begins before the window.
            var (low, high) = (0, runs.count)
            while low < high {
                let middle = (low + high) / 2
                if runs[middle].lowerBound < start { low = middle + 1 } else { high = middle }
            }
            return low > 0 && runs[low - 1].upperBound >= end
        }
    }
}
