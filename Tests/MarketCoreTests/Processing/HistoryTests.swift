import SimulatedMarket
import Testing

@testable import MarketCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Thousands of made-up histories against ``Oracle``.
struct HistoryTests {
    /// How a history is run.
    struct Handling {
        var rules: ProcessingRules
        var commitsOnceIn: Int64
        var restartsOnceIn: Int64
        var idlesOnceIn: Int64

        static func random(_ random: inout SeededRandom) -> Handling {
            var rules = ProcessingRules()
            if random.once(in: 2) { rules.maxHolesInMemory = Int(random.int(1...6)) }
            if random.once(in: 8) { rules.maxSnapshotBytes = 200 }
            if random.once(in: 4) { rules.maxOpenWindows = Int(random.int(1...10)) }
            return Handling(
                rules: rules, commitsOnceIn: random.int(1...6), restartsOnceIn: random.int(2...12),
                idlesOnceIn: random.int(2...12))
        }
    }

    /// Histories of each kind: `HISTORY_SEEDS=5000` for a long night.
    private static let seeds: UInt64 = getenv("HISTORY_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 120

    @Test(arguments: [
        History.Hazards(), [.shuffled], [.missing, .backfilled], [.scattered, .missing, .backfilled],
        [.doubled, .aggregates, .shuffled], [.zeroQuantities, .missing, .backfilled],
        [.wildTimes, .unorderedTimes, .shuffled], [.controls, .missing, .backfilled], .all,
    ])
    func everyHistoryGivesTheOraclesRows(_ hazards: History.Hazards) throws {
        for seed in 1...Self.seeds {
            let problem = try run(seed: seed, hazards: hazards)
            #expect(problem == nil, "seed \(seed), hazards \(hazards.rawValue)")
            if problem != nil { return }
        }
    }

    /// - Returns: what went wrong, if anything.
    private func run(seed: UInt64, hazards: History.Hazards) throws -> String? {
        let history = History(seed: seed, hazards: hazards)
        var random = SeededRandom(seed: seed &+ 0x5EED)
        let handling = Handling.random(&random)
        let partition = TestPartition(handling.rules)
        partition.append(history.log)
        while partition.nextOffset < history.log.count {
            partition.step(limit: Int(random.int(1...30)))
            if random.once(in: handling.commitsOnceIn) { partition.beginCommit() }
            if random.once(in: handling.commitsOnceIn) { partition.endCommit() }
            if random.once(in: 3) { partition.load(partition.state.holesToReload(limit: 2)) }
            if random.once(in: handling.idlesOnceIn) { partition.idle(micros: random.int(0...5 * minute)) }
            if random.once(in: handling.restartsOnceIn) { try partition.restart(losingCommit: random.once(in: 2)) }
            if random.once(in: 12), let problem = checkClosed(partition) { return problem }
        }
        partition.finish()
        return check(partition)
    }

    /// What is closed is complete at any time.
    private func checkClosed(_ partition: TestPartition) -> String? {
        partition.commit()
        var oracle = Oracle(rules: partition.rules)
        oracle.take(Array(partition.log.prefix(Int(partition.nextOffset))))
        let watermark = partition.watermarkMicros ?? 0
        let expected = oracle.rows().filter { ($0.key.windowStart + $0.key.interval.seconds) * second <= watermark }
        for (id, row) in expected {
            if let problem = compare(row, partition.database.rows[id], id) { return problem }
        }
        return checkHoles(partition, oracle) ?? checkLive(partition, oracle)
    }

    private func checkLive(_ partition: TestPartition, _ oracle: Oracle) -> String? {
        partition.state.markAllLive()
        let updates = partition.takeLiveUpdates()
        if updates.count != oracle.markets.values.filter({ !$0.trades.isEmpty }).count {
            return "\(updates.count) updates"
        }
        for update in updates where !partition.state.instruments[Int(update.instrument)].hasFlushedEarly {
            let key = partition.keys[Int(update.instrument)]
            let expected = oracle.live(key, watermarkMicros: partition.watermarkMicros ?? 0)
            if update.key != expected?.key || update.price != expected?.price
                || update.eventTimeMicros != expected?.eventTimeMicros || update.openCandles != expected?.openCandles
            {
                return "live \(update) instead of \(String(describing: expected))"
            }
        }
        return nil
    }

    private func check(_ partition: TestPartition) -> String? {
        var oracle = Oracle(rules: partition.rules)
        oracle.take(partition.log)
        let expected = oracle.rows()
        let rows = partition.database.rows
        for (id, row) in expected {
            if let problem = compare(row, rows[id], id) { return problem }
        }
        if rows.count != expected.count { return "\(rows.count) rows instead of \(expected.count)" }
        if partition.database.rowsChangedTwice > 0 { return "a commit changed a row twice" }
        if partition.counters.windowsFlushedEarly == 0, let id = partition.database.missedRows.first {
            return "a change for \(id), which is not there"
        }
        if partition.counters.accepted != oracle.accepted {
            return "accepted \(partition.counters.accepted) instead of \(oracle.accepted)"
        }
        if partition.counters.duplicates != oracle.duplicates {
            return "duplicates \(partition.counters.duplicates) instead of \(oracle.duplicates)"
        }
        let quarantined = partition.database.quarantined.map { "\($0.record.offset) \($0.record.reason)" }
        let expectedQuarantine = oracle.quarantined.map { "\($0.offset) \($0.reason)" }
        if quarantined != expectedQuarantine { return "quarantined \(quarantined) instead of \(expectedQuarantine)" }
        return checkHoles(partition, oracle)
    }

    private func compare(_ expected: TestDatabase.Row, _ row: TestDatabase.Row?, _ id: TestDatabase.RowID) -> String? {
        guard var row else { return "no row \(id)" }
        row.revision = expected.revision
        return row == expected ? nil : "row \(id): \(row) instead of \(expected)"
    }

    private func checkHoles(_ partition: TestPartition, _ oracle: Oracle) -> String? {
        for (index, key) in partition.keys.enumerated() {
            let ids = partition.state.instruments[index].ids
            let market = oracle.markets[key] ?? Oracle.Market()
            var holes = ids.holes.map {
                Oracle.Market.Hole(
                    ids: $0.ids, beforeMicros: $0.beforeMicros == noTime ? nil : $0.beforeMicros,
                    afterMicros: $0.afterMicros == noTime ? nil : $0.afterMicros)
            }
            let stored = partition.database.holes.filter {
                $0.key.key == key && $0.key.generation == ids.generation
            }
            holes += stored.map {
                Oracle.Market.Hole(
                    ids: $0.key.firstID...$0.value.lastID, beforeMicros: $0.value.beforeMicros,
                    afterMicros: $0.value.afterMicros)
            }
            holes.sort { $0.ids.lowerBound < $1.ids.lowerBound }
            if holes != market.holes(Int(market.generation)) {
                return "\(key): holes \(holes) instead of \(market.holes(Int(market.generation)))"
            }
            if Int64(stored.count) != ids.stored.count {
                return "\(key): \(ids.stored.count) stored, not \(stored.count)"
            }
            let open = Array(ids.openHoles(limit: .max).holes.reversed())
            if stored.isEmpty, partition.rules.maxHolesInMemory >= 32, open != market.openHoles {
                return "\(key): open \(open) instead of \(market.openHoles)"
            }
        }
        return nil
    }
}
