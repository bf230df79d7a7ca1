/// Which ids of one instrument have been seen: all from the lowest to the highest, without the holes.
///
/// The holes know the event times at their edges, so that filling one takes back exactly what finding it counted. A
/// trade with quantity 0 is in no candle, so its time is no edge: the nearest trade with a quantity in the same run of
/// known ids stands for it.
package struct IDLedger: Equatable {
    /// How often the venue began to number anew.
    var generation: Int32 = 0
    /// ``noID`` as long as none was seen.
    package var highest = IDLedger.noID
    /// Event time of the last trade with a quantity in the run of ids that ends with the highest; or ``noTime``.
    var lastMicros = noTime
    /// Event time of the highest id.
    var highestEventMicros = noTime
    package var lowest = IDLedger.noID
    /// Event time of the first trade with a quantity in the run of ids that begins with the lowest; or ``noTime``.
    var firstMicros = noTime
    /// Holes below this id are history that nobody asked for: they are not offered for filling.
    var openFrom = IDLedger.noID
    /// Event time of the trade that was accepted first.
    var originMicros = noTime
    /// Those in memory, ascending.
    package var holes: [IDHole] = []
    /// Ids that cannot be had.
    var settled = IDRanges()
    /// The holes that are not in memory.
    var stored = StoredHoles()

    /// Stands for no id at all. Ids are 0 or more, so the next lower ids are still no trade's.
    static let noID = Int64.min

    package init() {}

    var isEmpty: Bool { highest == Self.noID }

    /// What the ids of a trade mean.
    enum Judgement: Equatable {
        case new
        case duplicate
        /// Some of an aggregate's ids are known and some are not.
        case partial
        /// Only known once the stored holes around these ids are in memory.
        case unknown(ClosedRange<Int64>)
    }

    /// Says whether ids were seen, and makes sure that
    /// ``insert(_:_:timeMicros:eventTimeMicros:disorderMicros:deltas:)`` will find what it must change.
    ///
    /// - Parameter timeMicros: event time of the trade, ``noTime`` where its quantity is 0.
    func judge(_ first: Int64, _ last: Int64, timeMicros: Int64) -> Judgement {
        if isEmpty { return .new }
        if first > highest {
            let joins = first == highest + 1 && lastMicros == noTime && timeMicros != noTime
            return joins ? known((holes.last?.last ?? lowest - 1) + 1, highest) : .new
        }
        if last < lowest {
            let joins = last == lowest - 1 && firstMicros == noTime && timeMicros != noTime
            return joins ? known(lowest, (holes.first?.first ?? highest + 1) - 1) : .new
        }
        if first < lowest || last > highest { return .partial }
        guard stored.areKnown(first...last) else { return .unknown(first...last) }
        let index = firstHole(endingFrom: first)
        guard index < holes.count, holes[index].first <= last else { return .duplicate }
        let hole = holes[index]
        guard hole.first <= first, last <= hole.last else { return .partial }
        return judgeNeighbours(of: index, first, last, timeMicros: timeMicros)
    }

    /// Whether the holes are in memory that change because a run of ids gets its first time.
    private func judgeNeighbours(of index: Int, _ first: Int64, _ last: Int64, timeMicros: Int64) -> Judgement {
        let hole = holes[index]
        let fillsLeft = first == hole.first
        let fillsRight = last == hole.last
        let hasTime = timeMicros != noTime
        if fillsLeft, hole.beforeMicros == noTime, hasTime || fillsRight && hole.afterMicros != noTime {
            let before = index > 0 ? holes[index - 1].last + 1 : lowest
            if case .unknown(let ids) = known(before, hole.first - 1) { return .unknown(ids) }
        }
        if fillsRight, hole.afterMicros == noTime, hasTime || fillsLeft && hole.beforeMicros != noTime {
            let after = index + 1 < holes.count ? holes[index + 1].first - 1 : highest
            return known(hole.last + 1, after)
        }
        return .new
    }

    private func known(_ first: Int64, _ last: Int64) -> Judgement {
        stored.areKnown(first...last) ? .new : .unknown(first...last)
    }

    /// The first hole in memory that ends at or after `id`.
    func firstHole(endingFrom id: Int64) -> Int {
        var low = 0
        var high = holes.count
        while low < high {
            let middle = (low + high) / 2
            if holes[middle].last < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
