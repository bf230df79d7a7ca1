extension IDLedger {
    /// Takes the oldest holes out of memory.
    ///
    /// - Parameters:
    ///   - count: how many, at most as many as there are.
    ///   - sequence: number of the commit that writes them.
    mutating func spillOldest(_ count: Int, instrument: Int32, sequence: Int64) -> [StoredHole] {
        let rows = holes.prefix(count).map { hole in
            StoredHole(
                key: StoredHoleKey(instrument: instrument, generation: generation, firstID: hole.first),
                lastID: hole.last, beforeMicros: hole.beforeMicros == noTime ? nil : hole.beforeMicros,
                afterMicros: hole.afterMicros == noTime ? nil : hole.afterMicros,
                settled: settled.intersection(hole.ids))
        }
        holes.removeFirst(rows.count)
        for row in rows {
            if !row.settled.isEmpty { settled.remove(row.key.firstID...row.lastID) }
            stored.add(row, isOpen: isOpen(row), sequence: sequence)
        }
        return rows
    }

    /// Takes rows back into memory.
    ///
    /// - Parameters:
    ///   - rows: of `id_holes`, without those that were taken back already.
    ///   - request: what they answer.
    /// - Returns: the rows taken, to be deleted from the table.
    mutating func load(_ rows: [StoredHole], for request: HoleRequest) -> [StoredHole] {
        guard request.generation == generation, !isEmpty, stored.count > 0 else { return [] }
        // What is on its way into the table is as good as in it, and newer than what the table shows.
        var candidates = stored.unconfirmed.values.map(\.hole)
        for row in rows where row.key.generation == generation && row.key.firstID <= row.lastID {
            if stored.unconfirmed[row.key.firstID] == nil { candidates.append(row) }
        }
        candidates.sort { $0.key.firstID < $1.key.firstID }
        let taken: [StoredHole]
        switch request.selection {
        case .newestOpen(let limit):
            taken = candidates.filter { isOpen($0) && request.ids.overlaps($0.key.firstID...$0.lastID) }.suffix(limit)
            if taken.isEmpty { stored.openCount = 0 }
        case .around:
            taken = candidates.filter { request.ids.overlaps($0.key.firstID...$0.lastID) }
            stored.learn(request.ids)
        }
        for row in taken { takeBack(row) }
        return taken
    }

    private mutating func takeBack(_ row: StoredHole) {
        let hole = IDHole(
            first: row.key.firstID, last: row.lastID, beforeMicros: row.beforeMicros ?? noTime,
            afterMicros: row.afterMicros ?? noTime)
        let index = firstHole(endingFrom: hole.first)
        // A row over ids that memory knows better about can only be a leftover.
        if index == holes.count || holes[index].first > hole.last {
            holes.insert(hole, at: index)
            for ids in row.settled { settled.insert(ids) }
        }
        stored.remove(row, isOpen: isOpen(row))
    }

    private func isOpen(_ row: StoredHole) -> Bool { !row.isSettled && row.lastID >= openFrom }
}

extension IDLedger {
    /// These ids cannot be had.
    mutating func settle(_ ids: ClosedRange<Int64>) { settled.insert(ids) }

    /// These ids may be asked for again, history included.
    ///
    /// - Returns: the ids whose stored holes must be in memory first, or nil when it is done.
    mutating func reopen(_ ids: ClosedRange<Int64>) -> ClosedRange<Int64>? {
        if !isEmpty, stored.count > 0 {
            let known = ids.clamped(to: lowest...highest)
            if ids.overlaps(lowest...highest), !stored.areKnown(known) { return known }
        }
        settled.remove(ids)
        if ids.lowerBound < openFrom { offer(from: ids.lowerBound) }
        return nil
    }

    /// Holes from this id on, lower than those so far, are no history.
    mutating func offer(from id: Int64) {
        openFrom = id
        stored.openCount = stored.count
    }

    /// Forgets settled ids that are known by now, and the oldest of those outside all holes beyond `limit`: at worst
    /// they are asked for once more.
    mutating func pruneSettled(limit: Int) {
        guard !settled.isEmpty, !isEmpty else { return }
        var kept = IDRanges()
        for hole in holes { settled.intersection(hole.ids).forEach { kept.insert($0) } }
        var loose = IDRanges()
        if highest < .max { settled.intersection((highest + 1)...Int64.max).forEach { loose.insert($0) } }
        if lowest > 0 { settled.intersection(0...(lowest - 1)).forEach { loose.insert($0) } }
        if stored.count > 0 {
            // Their holes may be in the table; what of it was seen does no harm.
            var stale = IDRanges()
            settled.intersection(lowest...max(lowest, stored.below - 1)).forEach { stale.insert($0) }
            for hole in holes { stale.remove(hole.ids) }
            for ids in stale.ranges { loose.insert(ids) }
        }
        for ids in loose.ranges.suffix(limit) { kept.insert(ids) }
        settled = kept
    }

    /// Missing ids that somebody should fetch, newest first.
    ///
    /// - Returns: at most `limit`, and whether there are more in memory.
    func openHoles(limit: Int) -> (holes: [ClosedRange<Int64>], hasMore: Bool) {
        var open: [ClosedRange<Int64>] = []
        for hole in holes.reversed() where hole.last >= openFrom {
            let ids = max(hole.first, openFrom)...hole.last
            for piece in settled.missing(from: ids).reversed() {
                guard open.count < limit else { return (open, true) }
                open.append(piece)
            }
        }
        return (open, false)
    }

    /// The venue numbers anew: what is missing of the old numbering stays missing.
    mutating func beginGeneration() {
        let next = generation + 1
        self = IDLedger()
        generation = next
    }
}
