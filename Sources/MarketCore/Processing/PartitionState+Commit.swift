extension PartitionState {
    /// There is something that a commit would write.
    public func needsCommit(_ effects: borrowing Effects) -> Bool {
        effects.weight > 0 || !pendingCommit.isEmpty || nextOffset != storage.committedOffset
    }

    /// Takes everything since the last call and empties `effects`.
    ///
    /// The caller writes it in one transaction, as often as it takes, and then calls ``commitSucceeded(_:)``; or drops
    /// this state, if another owner has the partition. One commit is under way at a time.
    public mutating func takeCommit(_ effects: inout Effects) -> PartitionCommit {
        storage.sequence += 1
        let hasMoved = storage.committedOffset != nextOffset
        storage.committedOffset = nextOffset
        var rows: [StoredHole] = []
        var snapshots: [PartitionCommit.Snapshot] = []
        var progress: [InstrumentProgress] = []
        snapshots.reserveCapacity(pendingCommit.count)
        progress.reserveCapacity(pendingCommit.count)
        for instrument in pendingCommit {
            let index = Int(instrument)
            instruments[index].pending.remove(.commit)
            snapshots.append(
                PartitionCommit.Snapshot(
                    instrument: instrument, bytes: settleDown(index, rows: &rows, into: &effects)))
            progress.append(self.progress(index))
            if wantsReload(index) { storage.noteReload(instrument) }
        }
        pendingCommit.removeAll(keepingCapacity: true)
        // Producers see by any instrument's progress how far the partition is: past duplicates, too.
        if progress.isEmpty, hasMoved, let any = instruments.indices.first(where: { !instruments[$0].ids.isEmpty }) {
            progress.append(self.progress(any))
        }
        let commit = PartitionCommit(
            sequence: storage.sequence, nextOffset: nextOffset, watermarkMicros: watermarkMicros,
            maxEventMicros: maxEventMicros, leadMicros: leadMicros, candleChanges: effects.candleChanges,
            quarantined: effects.quarantined, lateTrades: effects.lateTrades, removedHoles: effects.removedHoles,
            storedHoles: rows, snapshots: snapshots, progress: progress, counters: effects.counters)
        effects = Effects()
        return commit
    }

    /// Brings an instrument within its bounds.
    ///
    /// - Returns: its snapshot.
    private mutating func settleDown(
        _ index: Int, rows: inout [StoredHole], into effects: inout Effects
    ) -> [UInt8] {
        // Half of them go at once, so that not every further hole is a row to write.
        let limit = rules.maxHolesInMemory
        instruments[index].ids.pruneSettled(limit: limit / 4)
        // A record waits for holes, which are in memory by now or soon: if they left again before it is read again, it
        // would ask for them for ever.
        guard storage.stoppedAt == nil else { return snapshot(index) }
        if instruments[index].ids.holes.count + instruments[index].ids.settled.count > limit {
            spill(index, keep: limit / 2, rows: &rows, into: &effects)
        }
        var bytes = snapshot(index)
        while bytes.count > rules.maxSnapshotBytes, !instruments[index].ids.holes.isEmpty {
            spill(index, keep: instruments[index].ids.holes.count / 2, rows: &rows, into: &effects)
            bytes = snapshot(index)
        }
        return bytes
    }

    /// What is known of the ids of every instrument, for publishing it all again.
    public func allProgress() -> [InstrumentProgress] {
        instruments.indices
            .filter { !instruments[$0].ids.isEmpty || instruments[$0].ids.generation > 0 }
            .map { progress($0) }
    }

    private func progress(_ index: Int) -> InstrumentProgress {
        let ids = instruments[index].ids
        let (open, hasMore) = ids.openHoles(limit: rules.maxHolesInProgress)
        return InstrumentProgress(
            instrument: Int32(index), generation: ids.generation,
            highestTradeID: ids.isEmpty ? nil : ids.highest,
            highestEventMicros: ids.isEmpty ? nil : ids.highestEventMicros,
            openHoles: open, hasMoreOpenHoles: hasMore || ids.stored.openCount > 0)
    }
}
