extension PartitionState {
    /// Takes holes out of `id_holes` back into memory.
    ///
    /// Rows that this state already took out but that no commit has deleted yet are known and ignored, so the table
    /// may be read while a commit is under way.
    ///
    /// - Parameters:
    ///   - holes: the rows that the request selects, in any order.
    ///   - request: as it was given.
    public mutating func load(_ holes: [StoredHole], for request: HoleRequest, into effects: inout Effects) {
        let index = Int(request.instrument)
        guard index >= 0, index < instruments.count else { return }
        let rows = holes.filter { $0.key.instrument == request.instrument && !storage.wasRemoved($0.key) }
        let taken = instruments[index].ids.load(rows, for: request)
        for row in taken {
            effects.removedHoles.append(row.key)
            storage.removed(row.key)
        }
        effects.counters.holesLoaded += Int64(taken.count)
        if !taken.isEmpty { mark(index, .commit) }
        storage.answered(request)
        confirm()
    }

    /// The commit of this number and all before it are in the database.
    public mutating func commitSucceeded(_ sequence: Int64) {
        storage.commitSucceeded(sequence)
        confirm()
    }

    private mutating func confirm() {
        let (confirmed, sequence) = storage.confirm()
        for instrument in confirmed {
            instruments[Int(instrument)].ids.stored.confirm(sequence)
        }
    }

    /// Moves an instrument's oldest holes out of memory.
    ///
    /// - Parameters:
    ///   - keep: holes that stay.
    ///   - rows: gets the rows to write.
    mutating func spill(_ index: Int, keep: Int, rows: inout [StoredHole], into effects: inout Effects) {
        let excess = instruments[index].ids.holes.count - keep
        guard excess > 0 else { return }
        let spilled = instruments[index].ids.spillOldest(
            excess, instrument: Int32(index), sequence: storage.sequence)
        for row in spilled { storage.spilled(row.key) }
        effects.counters.holesSpilled += Int64(spilled.count)
        rows += spilled
    }

    /// Asks for open holes to name in `market.progress` where those in memory have run out. Call after a commit, and
    /// answer each request, with no rows if the table has none.
    ///
    /// - Parameter limit: requests at most.
    public mutating func holesToReload(limit: Int) -> [HoleRequest] {
        var requests: [HoleRequest] = []
        for instrument in storage.takeReloads(limit: limit) {
            let ids = instruments[Int(instrument)].ids
            guard wantsReload(Int(instrument)), ids.openFrom < ids.stored.below else { continue }
            let request = HoleRequest(
                instrument: instrument, generation: ids.generation, ids: ids.openFrom...(ids.stored.below - 1),
                selection: .newestOpen(limit: max(1, rules.maxHolesInMemory / 4)))
            storage.ask(request)
            requests.append(request)
        }
        return requests
    }

    /// An instrument has little left to offer for filling, and more in the table.
    func wantsReload(_ index: Int) -> Bool {
        let ids = instruments[index].ids
        guard ids.stored.openCount > 0, ids.holes.count <= rules.maxHolesInMemory / 2 else { return false }
        return ids.openHoles(limit: rules.maxHolesInProgress).holes.count <= rules.maxHolesInProgress / 2
    }
}
