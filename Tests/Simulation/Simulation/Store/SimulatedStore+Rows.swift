import MarketCore
import MarketWire
import SimulatedMarket
import TradeProcessor

extension SimulatedStore {
    /// `merge_candles`: what becomes of each row, and its entry in the outbox.
    func writeCandles(_ part: PartitionWork) -> [StoredCandle] {
        var changed: [StoredCandle] = []
        for change in part.candles {
            let id = CandleRowID(key: change.symbol, interval: change.interval, windowStart: change.windowStart)
            if let row = merged(change, database.rows[id]) {
                let outboxID = database.nextOutboxID
                database.rows[id] = row
                database.nextOutboxID += 1
                if defect != .outboxNotWritten {
                    database.outbox[part.partition, default: []].append(Database.OutboxRow(id: outboxID, row: id))
                }
                changed.append(
                    StoredCandle(
                        record: Self.record(id, row, lineage: part.progress.lease.lineage), partition: part.partition,
                        outboxID: outboxID))
            }
        }
        return changed
    }

    private func merged(_ change: CandleRowChange, _ old: CandleRow?) -> CandleRow? {
        let holes = defect == .holesNotTakenBack ? max(0, change.holeDelta) : change.holeDelta
        guard var row = old else {
            return change.candle.map {
                CandleRow(candle: $0, holes: holes, unknown: change.isUnknown ?? false)
            }
        }
        if defect == .lateTradeDropped { return row }
        if let candle = change.candle {
            let (open, close) = (row.candle.open, candle.close)
            if !row.candle.merge(candle) { note("a sum overflowed") }
            if defect == .mergeByArrival {
                row.candle.open = open
                row.candle.close = close
            }
        }
        row.holes += holes
        row.unknown = change.isUnknown ?? row.unknown
        row.revision += 1
        return row
    }

    /// States, late trades, holes and quarantine of a commit.
    func writeRest(_ part: PartitionWork) {
        for snapshot in part.snapshots {
            database.states[part.partition, default: [:]][snapshot.symbol] = SavedInstrument(
                key: snapshot.symbol, version: snapshot.version, state: snapshot.state)
        }
        if defect != .lateTradesNotRecorded {
            for late in part.lateTrades {
                let id = Database.LateID(symbol: late.symbol, key: late.key)
                if database.late[id] == nil { database.late[id] = late }
            }
        }
        for hole in part.deletedHoles {
            database.holes[
                Database.HoleID(symbol: hole.symbol, generation: hole.generation, firstID: hole.firstID)] = nil
        }
        if defect != .storedHolesDropped {
            for hole in part.savedHoles {
                database.holes[
                    Database.HoleID(symbol: hole.symbol, generation: hole.generation, firstID: hole.firstID)] = hole
            }
        }
        guard defect != .quarantineRowDropped else { return }
        for record in part.quarantined {
            let id = Database.QuarantineID(topicID: part.topicID, partition: part.partition, offset: record.offset)
            if database.quarantine[id] == nil {
                database.quarantine[id] = Database.QuarantineRow(reason: record.reason, value: record.value)
            }
        }
    }

    static func record(_ id: CandleRowID, _ row: CandleRow, lineage: Int64) -> CandleRecord {
        let candle = row.candle
        return CandleRecord(
            symbol: id.key, interval: id.interval, windowStart: id.windowStart, open: candle.open, high: candle.high,
            low: candle.low, close: candle.close, volume: candle.volume, quoteVolume: candle.quoteVolume,
            tradeCount: candle.tradeCount, takerBuyVolume: candle.takerBuyVolume,
            takerBuyQuoteVolume: candle.takerBuyQuoteVolume, firstTradeID: candle.first.id,
            lastTradeID: candle.last.id, missingTrades: row.missingTrades, revision: Int64(row.revision),
            isClosed: true, lineage: lineage)
    }

    // MARK: Questions

    /// The rows of `id_holes` that a request selects.
    func holes(_ named: NamedHoleRequest) throws -> [StoredHole] {
        try check()
        let request = named.request
        let inside = database.holes.values.filter {
            $0.symbol == named.symbol && $0.generation == request.generation && $0.firstID <= request.ids.upperBound
                && $0.lastID >= request.ids.lowerBound
        }.sorted { $0.firstID < $1.firstID }
        let chosen: [HoleRow]
        switch request.selection {
        case .around: chosen = inside
        case .newestOpen(let limit):
            chosen = inside.filter {
                !$0.isSettled && $0.firstID >= request.ids.lowerBound && $0.lastID <= request.ids.upperBound
            }.suffix(limit)
        }
        return chosen.map { row in
            StoredHole(
                key: StoredHoleKey(
                    instrument: request.instrument, generation: row.generation, firstID: row.firstID),
                lastID: row.lastID, beforeMicros: row.beforeTimeMicros, afterMicros: row.afterTimeMicros,
                settled: Multirange.ranges(row.settled) ?? [])
        }
    }

    /// The newest base candle of each instrument.
    func lastCandles(symbols: [String], partition: Int32, lineage: Int64) throws -> [StoredCandle] {
        try check()
        var newest: [String: CandleRowID] = [:]
        for id in database.rows.keys where id.interval == .base && symbols.contains(id.key) {
            if newest[id.key].map({ $0.windowStart < id.windowStart }) ?? true { newest[id.key] = id }
        }
        return newest.values.sorted { $0.key < $1.key }.compactMap { id in
            database.rows[id].map {
                StoredCandle(record: Self.record(id, $0, lineage: lineage), partition: partition, outboxID: nil)
            }
        }
    }

    /// `outbox_pending`.
    func unpublished(_ partition: Int32, lineage: Int64, limit: Int) throws -> [StoredCandle] {
        try check()
        return (database.outbox[partition] ?? []).prefix(limit).compactMap { entry in
            database.rows[entry.row].map {
                StoredCandle(
                    record: Self.record(entry.row, $0, lineage: lineage), partition: partition, outboxID: entry.id)
            }
        }
    }

    /// `outbox_delete`, for an owner alone.
    func markPublished(_ partition: Int32, _ ids: [Int64], by owner: String? = nil) throws {
        try check()
        if let owner, database.progress[partition]?.owner != owner { return }
        let ids = Set(ids)
        database.outbox[partition]?.removeAll { ids.contains($0.id) }
    }
}
