/// Trades of one instrument and a range of time, whatever order they come in, and as often as they come.
///
/// It knows nothing of windows that close, of commits or of id ranges: it is here to check what does.
struct TradeCollection: Sendable {
    /// Unix microseconds; other trades are not kept.
    let rangeMicros: Range<Int64>
    /// How many trades are held at most.
    let limit: Int
    private(set) var trades: [VerifiedTrade] = []

    init(rangeMicros: Range<Int64>, limit: Int) {
        self.rangeMicros = rangeMicros
        self.limit = limit
    }

    /// - Throws: ``CommandError`` where there are more distinct trades than may be held.
    mutating func add(_ trade: VerifiedTrade) throws(CommandError) {
        guard rangeMicros.contains(trade.timeMicros) else { return }
        if trades.count >= limit {
            trades = distinct()
            guard trades.count < limit - limit / 10 else {
                throw CommandError(
                    "there are more than \(trades.count) trades in this range, too many to be held at once: verify "
                        + "a shorter one, or raise --max-trades (100 bytes of memory each)")
            }
        }
        trades.append(trade)
    }

    /// The trades that count, in the venue's order: each id once.
    ///
    /// - Parameters:
    ///   - end: what lies there or behind has not been seen yet.
    ///   - excluded: positions of what was refused.
    func distinct(before end: Int64 = .max, excluding excluded: Set<Int64> = []) -> [VerifiedTrade] {
        let sorted = trades.filter { $0.position < end && !excluded.contains($0.position) }
            .sorted(by: VerifiedTrade.isBefore)
        var result: [VerifiedTrade] = []
        result.reserveCapacity(sorted.count)
        var start = 0
        while start < sorted.count {
            // Everything that shares ids with its neighbours.
            var end = start + 1
            var last = sorted[start].lastID
            while end < sorted.count, sorted[end].generation == sorted[start].generation, sorted[end].firstID <= last {
                last = max(last, sorted[end].lastID)
                end += 1
            }
            if end == start + 1 { result.append(sorted[start]) } else { result += Self.settle(sorted[start..<end]) }
            start = end
        }
        return result
    }

    /// Of records with ids in common, in the order in which they came: one is taken if none of its ids was there.
    private static func settle(_ overlapping: ArraySlice<VerifiedTrade>) -> [VerifiedTrade] {
        var taken: [VerifiedTrade] = []
        for trade in overlapping.sorted(by: { $0.position < $1.position })
        where !taken.contains(where: { $0.firstID <= trade.lastID && trade.firstID <= $0.lastID }) {
            taken.append(trade)
        }
        return taken.sorted(by: VerifiedTrade.isBefore)
    }

    /// How many ids lie between neighbours and are not there.
    static func missingIDs(_ sorted: [VerifiedTrade]) -> Int64 {
        zip(sorted, sorted.dropFirst()).reduce(0) { sum, pair in
            pair.0.generation == pair.1.generation ? sum + max(0, pair.1.firstID - pair.0.lastID - 1) : sum
        }
    }
}
