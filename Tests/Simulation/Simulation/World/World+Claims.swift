import MarketCore
import TradeProcessor

extension World {
    /// What a claim gives, with what a defect makes of it.
    func claim(_ partition: Int32, _ row: Database.Progress, _ states: [SavedInstrument]) -> PartitionClaim {
        let isForgetful = scenario.defect == .watermarkLostAtRestart
        return PartitionClaim(
            lease: PartitionLease(
                partition: partition, owner: row.owner, epoch: row.epoch, commitSequence: row.commitSequence,
                lineage: row.lineage),
            topicID: row.topicID, partitionCount: row.partitionCount, nextOffset: row.nextOffset,
            watermarkMicros: isForgetful ? nil : row.watermarkMicros,
            maxEventMicros: isForgetful ? nil : row.maxEventMicros, instruments: states.map { spoil($0) })
    }

    private func spoil(_ saved: SavedInstrument) -> SavedInstrument {
        guard scenario.defect == .idsLostAtRestart || scenario.defect == .dedupeOffByOne,
            var snapshot = try? MarketCore.InstrumentSnapshot(saved.state)
        else { return saved }
        if scenario.defect == .idsLostAtRestart {
            snapshot.ids = IDLedger()
        } else if snapshot.ids.highest > snapshot.ids.lowest, snapshot.ids.holes.last?.last != snapshot.ids.highest - 1
        {
            snapshot.ids.highest -= 1
        }
        return SavedInstrument(key: saved.key, version: saved.version, state: snapshot.bytes)
    }
}
