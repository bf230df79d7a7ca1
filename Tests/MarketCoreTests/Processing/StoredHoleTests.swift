import SimulatedMarket
import Testing

@testable import MarketCore

struct StoredHoleTests {
    private func rules(_ holes: Int) -> ProcessingRules {
        var rules = ProcessingRules()
        rules.maxHolesInMemory = holes
        return rules
    }

    /// Every second id of 1 to 2 * count is missing.
    private func feedHoles(_ partition: TestPartition, _ count: Int64) {
        partition.feed((0...count).map { .trade(id: 1 + 2 * $0, at: $0 * second) })
    }

    @Test func theOldestHolesMoveOutOfMemory() {
        let partition = TestPartition(rules(4))
        feedHoles(partition, 10)
        partition.commit()
        #expect(partition.first.ids.holes.map(\.first) == [18, 20])
        #expect(partition.database.holes.count == 8)
        #expect(partition.counters.holesSpilled == 8)
        let progress = partition.database.progress["BTCUSDT"]
        #expect(progress?.openHoles == [20...20, 18...18])
        #expect(progress?.hasMoreOpenHoles == true)
    }

    @Test func aTradeThatNeedsAStoredHoleWaitsForIt() {
        let partition = TestPartition(rules(4))
        feedHoles(partition, 10)
        partition.commit()
        var batch = RecordBatch()
        for (offset, id) in [(11, 21), (12, 4), (13, 23)] as [(Int64, Int64)] {
            batch.append(
                TradeInput(
                    instrument: 0, tradeID: id, price: Price(raw: 1), quantity: Quantity(raw: 1), takerSide: .sell,
                    eventTimeMicros: testEpochMicros + 10 * second, offset: offset, recordTimestampMicros: -1))
        }
        let requests = partition.step(batch)
        #expect(requests == [HoleRequest(instrument: 0, generation: 0, ids: 4...4, selection: .around)])
        // It has not been passed, and asking again changes nothing.
        #expect(partition.nextOffset == 12)
        let again = partition.step(batch)
        #expect(again == requests)
        partition.load(requests)
        let rest = partition.step(batch)
        #expect(rest.isEmpty)
        #expect(partition.nextOffset == 14)
        #expect(partition.effects.counters.replayed == 0)
        partition.commit()
        #expect(partition.database.holes.values.map(\.key.firstID).contains(4) == false)
        #expect(partition.counters.accepted == 13)
    }

    @Test func oneLookUpServesTheTradesThatFollow() {
        let partition = TestPartition(rules(4))
        feedHoles(partition, 40)
        partition.commit()
        partition.feed((1...30).map { .trade(id: 2 * $0, at: $0 * second) })
        #expect(partition.loads == 1)
        partition.finish()
        #expect(partition.database.holes.count + partition.first.ids.holes.count == 10)
        #expect(partition.row(0)?.holes == 0)
    }

    @Test func aDuplicateInStoredTerritoryIsSeenToBeOne() {
        let partition = TestPartition(rules(4))
        feedHoles(partition, 10)
        partition.commit()
        partition.feed(.trade(id: 3, at: second), .trade(id: 4, at: second), .trade(id: 4, at: second))
        partition.commit()
        #expect(partition.counters.duplicates == 2)
        #expect(partition.counters.accepted == 12)
    }

    @Test func aHoleOnItsWayIntoTheTableIsNotLost() {
        let partition = TestPartition(rules(4))
        feedHoles(partition, 10)
        // Taken, and not written when it is needed again: the table does not show it yet.
        partition.beginCommit()
        partition.feed(.trade(id: 4, at: second))
        #expect(partition.effects.counters.accepted == 1)
        // Now it is written, and is deleted by the next commit only: the table shows it still.
        partition.endCommit()
        #expect(partition.database.holes.count == 8)
        partition.feed(.trade(id: 4, at: second), .trade(id: 5, at: second), .trade(id: 6, at: second))
        partition.finish()
        #expect(partition.counters.accepted == 13)
        #expect(partition.counters.duplicates == 2)
        #expect(partition.row(0)?.holes == 8)
        #expect(partition.database.holes.count + partition.first.ids.holes.count == 8)
    }

    @Test func rowsReadBeforeACommitAreNotTakenForNewAfterIt() {
        let partition = TestPartition(rules(4))
        feedHoles(partition, 10)
        partition.commit()
        partition.append([.trade(id: 4, at: second), .trade(id: 8, at: second)])
        partition.step(limit: 1)
        // The hole of id 4 is in memory, filled, and its row's deletion is under way.
        partition.beginCommit()
        var batch = RecordBatch()
        batch.append(
            TradeInput(
                instrument: 0, tradeID: 6, tradeCount: 3, price: Price(raw: 1), quantity: Quantity(raw: 1),
                takerSide: .sell, eventTimeMicros: testEpochMicros + second, offset: 12, recordTimestampMicros: -1))
        let requests = partition.step(batch)
        let stale = requests.map { partition.database.select($0, key: "BTCUSDT") }
        #expect(stale.first?.map(\.key.firstID) == [4, 6])
        // The commit ends before the rows arrive.
        partition.endCommit()
        for (request, rows) in zip(requests, stale) {
            partition.state.load(rows, for: request, into: &partition.effects)
        }
        let rest = partition.step(batch)
        #expect(rest.isEmpty)
        // 4 and 5 are known and 6 is not.
        #expect(partition.effects.quarantined.map(\.reason) == [.partialOverlap])
    }

    @Test func settledHolesKeepThatInTheTable() throws {
        let partition = TestPartition(rules(4))
        partition.feed(.trade(id: 1, at: 0), .trade(id: 10, at: 0), .control(.unavailable(3...5)))
        partition.feed((0...10).map { .trade(id: 20 + 2 * $0, at: $0 * second) })
        partition.commit()
        let row = partition.database.holes[.init(key: "BTCUSDT", generation: 0, firstID: 2)]
        #expect(row?.settled == [3...5])
        #expect(row?.isSettled == false)
        #expect(row?.beforeMicros == testEpochMicros)
        // Reopening what is stored needs it in memory.
        partition.feed(.control(.reopen(4...4)))
        #expect(partition.loads == 1)
        partition.commit()
        let reopened = partition.database.holes[.init(key: "BTCUSDT", generation: 0, firstID: 2)]?.settled
        let inMemory = partition.first.ids.settled.intersection(2...9)
        #expect((reopened ?? inMemory) == [3...3, 5...5])
    }

    @Test func storedHolesAreOfferedWhenThoseInMemoryAreFilled() {
        var rules = rules(8)
        rules.maxHolesInProgress = 4
        let partition = TestPartition(rules)
        feedHoles(partition, 20)
        partition.commit()
        var filled = 0
        for _ in 0..<100 {
            partition.load(partition.state.holesToReload(limit: 10))
            partition.commit()
            let holes = partition.database.progress["BTCUSDT"]?.openHoles ?? []
            if holes.isEmpty { break }
            filled += holes.count
            partition.feed(holes.map { .trade(id: $0.lowerBound, at: $0.lowerBound * second / 2) })
            partition.commit()
        }
        #expect(filled == 20)
        #expect(partition.database.holes.isEmpty)
        #expect(partition.database.progress["BTCUSDT"]?.hasMoreOpenHoles == false)
        partition.finish()
        #expect(partition.database.rows.values.allSatisfy { $0.holes == 0 })
    }

    @Test func aSnapshotStaysSmall() {
        let partition = TestPartition()
        var random = SeededRandom(seed: 61)
        var id: Int64 = 222_825_297
        var time: Int64 = 0
        var largest = 0
        for _ in 0..<300 {
            partition.feed(
                (0..<20).map { _ in
                    id += random.once(in: 4) ? random.int(1...5_000_000) : 1
                    time += random.int(0...2 * second)
                    return .trade(
                        id: id, price: "\(67_000 + random.int(0...999)).\(random.int(0...99_999_999))",
                        quantity: "\(random.int(0...999)).\(random.int(0...99_999_999))", at: time)
                })
            if random.once(in: 3) { partition.feed(.control(.unavailable((id - 50)...(id - 40)))) }
            partition.commit()
            largest = max(largest, partition.database.snapshots["BTCUSDT"]?.count ?? 0)
        }
        #expect(largest > 500)
        #expect(largest <= 1_900)
        #expect(partition.database.holes.count > 500)
    }

    /// A commit between loading holes and reading the waiting record again must not take them out of memory: the
    /// record would ask for them for ever.
    @Test func holesStayInMemoryWhileARecordWaitsForThem() {
        let partition = TestPartition(rules(4))
        feedHoles(partition, 10)
        partition.commit()
        let length = partition.log.count
        partition.append([.trade(id: 4, at: 2 * second), .trade(id: 8, at: 4 * second)])
        var rounds = 0
        while partition.nextOffset < partition.log.count, rounds < 10 {
            rounds += 1
            for request in partition.stepOnce() { partition.load([request]) }
            partition.commit()
        }
        #expect(partition.nextOffset == Int64(length) + 2)
        #expect(partition.counters.idsFilled == 2)
        // Nothing waits any more: the bound holds again.
        partition.feed(.trade(id: 22, at: 11 * second))
        partition.commit()
        #expect(partition.first.ids.holes.count <= 4)
    }
}
