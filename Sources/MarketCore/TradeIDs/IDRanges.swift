/// A set of ids as few ranges: sorted, disjoint and with a gap between neighbours.
struct IDRanges: Equatable {
    private(set) var ranges: [ClosedRange<Int64>] = []

    var count: Int { ranges.count }
    var isEmpty: Bool { ranges.isEmpty }

    /// Adds ids.
    mutating func insert(_ ids: ClosedRange<Int64>) {
        var merged = ids
        // One id is kept free on both ends of the number range, so that a neighbour of an id is always an id.
        let low = firstIndex(endingFrom: ids.lowerBound == .min ? .min : ids.lowerBound - 1)
        var high = low
        while high < ranges.count, ids.upperBound == .max || ranges[high].lowerBound <= ids.upperBound + 1 {
            merged = min(merged.lowerBound, ranges[high].lowerBound)...max(merged.upperBound, ranges[high].upperBound)
            high += 1
        }
        ranges.replaceSubrange(low..<high, with: CollectionOfOne(merged))
    }

    /// Takes ids out.
    mutating func remove(_ ids: ClosedRange<Int64>) {
        let low = firstIndex(endingFrom: ids.lowerBound)
        var high = low
        var rest: [ClosedRange<Int64>] = []
        while high < ranges.count, ranges[high].lowerBound <= ids.upperBound {
            let range = ranges[high]
            if range.lowerBound < ids.lowerBound { rest.append(range.lowerBound...(ids.lowerBound - 1)) }
            if range.upperBound > ids.upperBound { rest.append((ids.upperBound + 1)...range.upperBound) }
            high += 1
        }
        if low < high { ranges.replaceSubrange(low..<high, with: rest) }
    }

    mutating func removeFirst() { ranges.removeFirst() }

    /// What both have.
    func intersection(_ ids: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
        var pieces: [ClosedRange<Int64>] = []
        var index = firstIndex(endingFrom: ids.lowerBound)
        while index < ranges.count, ranges[index].lowerBound <= ids.upperBound {
            pieces.append(ranges[index].clamped(to: ids))
            index += 1
        }
        return pieces
    }

    /// What `ids` has and this has not.
    func missing(from ids: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
        var pieces: [ClosedRange<Int64>] = []
        var next = ids.lowerBound
        for known in intersection(ids) {
            if known.lowerBound > next { pieces.append(next...(known.lowerBound - 1)) }
            guard known.upperBound < ids.upperBound else { return pieces }
            next = known.upperBound + 1
        }
        pieces.append(next...ids.upperBound)
        return pieces
    }

    /// The first range whose end is at or after `id`.
    private func firstIndex(endingFrom id: Int64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
