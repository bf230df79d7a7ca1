/// How a range of candles is read a few tables at a time.
///
/// `candles_<interval>` has a leaf for each month or year. A query without bounds locks all of them (DESIGN 3.5), so
/// reading starts at the edge that is asked for and steps on only while rows are missing. The steps always cover the
/// whole range without a gap: leaves that came up since they were listed are only locked in addition, never missed.
enum LeafWalk {
    /// Leaves locked by the n-th query; the last number counts for all further ones.
    static let leavesPerStep = [2, 4, 8, 12]

    /// - Parameters:
    ///   - range: window starts in unix seconds.
    ///   - leafStarts: where each leaf begins, in any order.
    ///   - edge: where to begin.
    /// - Returns: adjoining ranges from that edge to the other, none of them empty.
    static func steps(
        through range: Range<Int64>, leafStarts: [Int64], from edge: CandleSelection.Edge
    ) -> [Range<Int64>] {
        guard !range.isEmpty else { return [] }
        // Every boundary inside the range is a place where a query may end.
        let boundaries = leafStarts.filter { $0 > range.lowerBound && $0 < range.upperBound }.sorted()
        var cuts: [Int64] = []
        var remaining = edge == .newest ? boundaries.reversed() : boundaries
        var step = 0
        while true {
            let leaves = leavesPerStep[min(step, leavesPerStep.count - 1)]
            // A query that ends at the n-th boundary touches n leaves.
            guard remaining.count >= leaves else { break }
            cuts.append(remaining[leaves - 1])
            remaining.removeFirst(leaves)
            step += 1
        }
        switch edge {
        case .oldest:
            let edges = [range.lowerBound] + cuts + [range.upperBound]
            return zip(edges, edges.dropFirst()).map { $0..<$1 }
        case .newest:
            let edges = [range.upperBound] + cuts + [range.lowerBound]
            return zip(edges, edges.dropFirst()).map { $1..<$0 }
        }
    }
}
