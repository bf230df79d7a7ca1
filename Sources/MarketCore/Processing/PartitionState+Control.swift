extension PartitionState {
    /// Takes in a record that is no trade.
    ///
    /// - Returns: the stored holes to be loaded before it can be obeyed; nothing is then changed.
    mutating func take(_ record: ControlRecord, into effects: inout Effects) -> HoleRequest? {
        guard record.offset >= nextOffset else {
            effects.counters.replayed += 1
            return nil
        }
        if let request = obey(record, into: &effects) { return request }
        nextOffset = record.offset + 1
        return nil
    }

    private mutating func obey(_ record: ControlRecord, into effects: inout Effects) -> HoleRequest? {
        if case .rejected(let reason, let detail) = record.content {
            quarantine(record, reason, detail, into: &effects)
            return nil
        }
        let index = Int(record.instrument)
        guard index >= 0, index < instruments.count else {
            quarantine(record, .implausible, "it is about no instrument of the partition", into: &effects)
            return nil
        }
        switch record.content {
        case .rejected: return nil
        case .unavailable(let ids):
            guard let ids = plausible(ids, record, into: &effects) else { return nil }
            instruments[index].ids.settle(ids)
        case .reopen(let ids):
            guard let ids = plausible(ids, record, into: &effects) else { return nil }
            if let needed = instruments[index].ids.reopen(ids) {
                return HoleRequest(
                    instrument: record.instrument, generation: instruments[index].ids.generation, ids: needed,
                    selection: .around)
            }
        case .newGeneration:
            guard instruments[index].ids.generation < Int32.max else { return nil }
            instruments[index].ids.beginGeneration()
        }
        mark(index, .commit)
        return nil
    }

    /// Ids that can be meant: none far above the highest, which would settle trades that are still to come.
    private func plausible(
        _ ids: ClosedRange<Int64>, _ record: ControlRecord, into effects: inout Effects
    ) -> ClosedRange<Int64>? {
        let known = instruments[Int(record.instrument)].ids
        guard ids.lowerBound >= 0, ids.upperBound < Self.idLimit else {
            quarantine(record, .implausible, "trade ids \(ids.lowerBound) to \(ids.upperBound)", into: &effects)
            return nil
        }
        guard known.isEmpty || ids.upperBound - known.highest <= rules.idJumpLimit else {
            quarantine(
                record, .idJump, "id \(ids.upperBound) is far above \(known.highest), the highest so far",
                into: &effects)
            return nil
        }
        return ids
    }

    private func quarantine(
        _ record: ControlRecord, _ reason: QuarantineReason, _ detail: String, into effects: inout Effects
    ) {
        effects.quarantine(
            record.instrument, offset: record.offset, recordTimestampMicros: record.recordTimestampMicros, reason,
            detail)
    }
}
