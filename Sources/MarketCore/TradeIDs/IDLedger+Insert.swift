extension IDLedger {
    /// Takes in ids that ``judge(_:_:timeMicros:)`` called new.
    ///
    /// - Parameters:
    ///   - timeMicros: event time of the trade, ``noTime`` where its quantity is 0.
    ///   - eventTimeMicros: event time of the trade, whatever its quantity.
    ///   - disorderMicros: how much earlier than the very first trade one may be and not be older history.
    ///   - deltas: gets what changes in the number of missing ids, and between which times.
    /// - Returns: by how much the number of missing ids changes.
    mutating func insert(
        _ first: Int64, _ last: Int64, timeMicros: Int64, eventTimeMicros: Int64, disorderMicros: Int64,
        deltas: inout [HoleDelta]
    ) -> Int64 {
        if isEmpty {
            lowest = first
            openFrom = first
            originMicros = eventTimeMicros
            firstMicros = timeMicros
            lastMicros = timeMicros
            highest = last
            highestEventMicros = eventTimeMicros
            return 0
        }
        if first < openFrom, eventTimeMicros >= originMicros - disorderMicros { offer(from: first) }
        if first > highest {
            let skipped = first - highest - 1
            insertAbove(first, last, timeMicros: timeMicros, deltas: &deltas)
            highestEventMicros = eventTimeMicros
            return skipped
        }
        if last < lowest {
            let skipped = lowest - last - 1
            insertBelow(first, last, timeMicros: timeMicros, deltas: &deltas)
            return skipped
        }
        fill(first, last, timeMicros: timeMicros, deltas: &deltas)
        return first - last - 1
    }

    private mutating func insertAbove(_ first: Int64, _ last: Int64, timeMicros: Int64, deltas: inout [HoleDelta]) {
        if first == highest + 1 {
            if lastMicros == noTime, timeMicros != noTime {
                setTimeAfter(holes.count - 1, timeMicros, deltas: &deltas)
            }
            if timeMicros != noTime { lastMicros = timeMicros }
        } else {
            let hole = IDHole(
                first: highest + 1, last: first - 1, beforeMicros: lastMicros, afterMicros: timeMicros)
            holes.append(hole)
            count(hole, sign: 1, deltas: &deltas)
            lastMicros = timeMicros
        }
        highest = last
    }

    private mutating func insertBelow(_ first: Int64, _ last: Int64, timeMicros: Int64, deltas: inout [HoleDelta]) {
        if last == lowest - 1 {
            if firstMicros == noTime, timeMicros != noTime {
                setTimeBefore(0, timeMicros, deltas: &deltas)
            }
            if timeMicros != noTime { firstMicros = timeMicros }
        } else {
            let hole = IDHole(
                first: last + 1, last: lowest - 1, beforeMicros: timeMicros, afterMicros: firstMicros)
            holes.insert(hole, at: 0)
            count(hole, sign: 1, deltas: &deltas)
            firstMicros = timeMicros
        }
        lowest = first
    }

    private mutating func fill(_ first: Int64, _ last: Int64, timeMicros: Int64, deltas: inout [HoleDelta]) {
        let index = firstHole(endingFrom: first)
        guard index < holes.count, holes[index].first <= first, last <= holes[index].last else { return }
        let hole = holes[index]
        let fillsLeft = first == hole.first
        let fillsRight = last == hole.last
        // The first time seen from the left of the trade, and the last one seen from its right.
        let fromLeft = timeMicros != noTime ? timeMicros : fillsRight ? hole.afterMicros : noTime
        let fromRight = timeMicros != noTime ? timeMicros : fillsLeft ? hole.beforeMicros : noTime
        count(hole, sign: -1, deltas: &deltas)
        var rest: [IDHole] = []
        if !fillsLeft {
            rest.append(
                IDHole(first: hole.first, last: first - 1, beforeMicros: hole.beforeMicros, afterMicros: fromLeft))
        }
        if !fillsRight {
            rest.append(
                IDHole(first: last + 1, last: hole.last, beforeMicros: fromRight, afterMicros: hole.afterMicros))
        }
        for part in rest { count(part, sign: 1, deltas: &deltas) }
        holes.replaceSubrange(index...index, with: rest)
        // A run of ids without any time gets its first one, which the hole on its other side has been waiting for.
        if fillsRight, hole.afterMicros == noTime, fromRight != noTime {
            setTimeBefore(index + rest.count, fromRight, deltas: &deltas)
        }
        if fillsLeft, hole.beforeMicros == noTime, fromLeft != noTime {
            setTimeAfter(index - 1, fromLeft, deltas: &deltas)
        }
    }

    /// The run of ids before hole `index` (or before the end of all ids) has got its first time.
    private mutating func setTimeBefore(_ index: Int, _ timeMicros: Int64, deltas: inout [HoleDelta]) {
        guard index < holes.count else {
            lastMicros = timeMicros
            return
        }
        count(holes[index], sign: -1, deltas: &deltas)
        holes[index].beforeMicros = timeMicros
        count(holes[index], sign: 1, deltas: &deltas)
    }

    /// The run of ids after hole `index` (or after the beginning of all ids) has got its first time.
    private mutating func setTimeAfter(_ index: Int, _ timeMicros: Int64, deltas: inout [HoleDelta]) {
        guard index >= 0 else {
            firstMicros = timeMicros
            return
        }
        count(holes[index], sign: -1, deltas: &deltas)
        holes[index].afterMicros = timeMicros
        count(holes[index], sign: 1, deltas: &deltas)
    }

    private func count(_ hole: IDHole, sign: Int64, deltas: inout [HoleDelta]) {
        guard hole.beforeMicros != noTime || hole.afterMicros != noTime else { return }
        deltas.append(
            HoleDelta(beforeMicros: hole.beforeMicros, afterMicros: hole.afterMicros, count: sign * hole.count))
    }
}
