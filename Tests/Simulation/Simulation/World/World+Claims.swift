import MarketCore
import TradeProcessor

extension World {
    /// Of the tables, what Redis and the topic hold, and how many steps and commits it took.
    var digest: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        add("\(steps) \(store.commits) \(clock.nowMicros) \(failure ?? "")")
        add(store.database.rows.map { "\($0.key) \($0.value)" }.sorted().joined())
        add(candles.newest.map { "\($0.key) \($0.value.version)" }.sorted().joined())
        add(redis.contents.last.map { "\($0.key) \($0.value.version)" }.sorted().joined())
        for partition in 0..<scenario.partitions {
            let progress = store.database.progress[partition]
            add("\(progress?.commitSequence ?? 0) \(progress?.owner ?? "") \(progress?.watermarkMicros ?? 0)")
        }
        return hash
    }

    /// What a claim gives, with what a defect makes of it.
    func claim(_ partition: Int32, _ row: Database.Progress, _ states: [SavedInstrument]) -> PartitionClaim {
        let isForgetful = scenario.defect == .watermarkLostAtRestart
        return PartitionClaim(
            lease: PartitionLease(
                partition: partition, owner: row.owner, epoch: row.epoch, commitSequence: row.commitSequence,
                lineage: row.lineage),
            topicID: row.topicID, partitionCount: row.partitionCount, nextOffset: row.nextOffset,
            watermarkMicros: isForgetful ? nil : row.watermarkMicros,
            maxEventMicros: isForgetful ? nil : row.maxEventMicros, instruments: states.map { spoil($0) },
            horizons: horizon.map { [.base: $0] } ?? [:])
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
