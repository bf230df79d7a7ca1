import SimulatedMarket
import Testing

@testable import MarketCore

struct CommitTests {
    @Test func aCommitIsWantedWhenThereIsSomethingToWrite() {
        let partition = TestPartition()
        #expect(!partition.needsCommit)
        partition.feed(.trade(id: 1, at: 0))
        #expect(partition.needsCommit)
        partition.commit()
        #expect(!partition.needsCommit)
        // A duplicate changes nothing but the offset.
        partition.feed(.trade(id: 1, at: 0))
        #expect(partition.needsCommit)
        partition.commit()
        #expect(partition.database.nextOffset == 2)
        partition.idle(micros: 12 * second)
        #expect(partition.needsCommit)
    }

    @Test func onlyChangedInstrumentsAreWritten() {
        let partition = TestPartition()
        partition.feed(.trade("A", id: 1, at: 0), .trade("B", id: 1, at: 0))
        partition.commit()
        partition.feed(.trade("B", id: 2, at: 0), .trade("A", id: 1, at: 0))
        let commit = partition.state.takeCommit(&partition.effects)
        #expect(commit.snapshots.map(\.instrument) == [1])
        #expect(commit.progress.map(\.highestTradeID) == [2])
        #expect(commit.sequence == 2)
        #expect(commit.nextOffset == 4)
        #expect(partition.effects.weight == 0)
    }

    @Test func closingAWindowWritesItsInstrument() {
        let partition = TestPartition()
        partition.feed(.trade("A", id: 1, at: 0))
        partition.commit()
        partition.feed(.trade("B", id: 1, at: 30 * second))
        let commit = partition.state.takeCommit(&partition.effects)
        #expect(commit.snapshots.map(\.instrument) == [1, 0])
        #expect(commit.candleChanges.map(\.closes) == [true])
    }

    @Test func recordsBelowTheNextOffsetAreIgnored() {
        let partition = TestPartition()
        partition.feed((0..<10).map { .trade(id: $0, at: $0 * second) })
        partition.step(0..<10)
        partition.step(5..<10)
        #expect(partition.effects.counters.accepted == 10)
        #expect(partition.effects.counters.replayed == 15)
        #expect(partition.effects.counters.duplicates == 0)
        #expect(partition.nextOffset == 10)
    }

    @Test func offsetsWithoutARecordForUsArePassed() {
        let partition = TestPartition()
        var batch = RecordBatch()
        batch.extend(toOffset: 12)
        let requests = partition.step(batch)
        #expect(requests.isEmpty)
        #expect(partition.nextOffset == 12)
        #expect(partition.needsCommit)
    }

    @Test func aLostCommitIsDoneAgainFromTheLog() throws {
        let records: [LogRecord] = (0..<200).map { .trade(id: 5 + $0 + ($0 / 9), at: $0 * second) }
        let undisturbed = TestPartition()
        undisturbed.feed(records)
        undisturbed.finish()
        let partition = TestPartition()
        partition.append(records)
        for _ in 0..<10 {
            partition.step(limit: 37)
            partition.commit()
            partition.step(limit: 11)
            partition.beginCommit()
            try partition.restart(losingCommit: true)
        }
        partition.finish()
        #expect(partition.database.rows.mapValues(\.candle) == undisturbed.database.rows.mapValues(\.candle))
        #expect(
            partition.database.rows.mapValues(\.missingTrades) == undisturbed.database.rows.mapValues(\.missingTrades))
        #expect(partition.counters.accepted == 200)
    }

    @Test func allProgressNamesEveryInstrument() {
        let partition = TestPartition()
        partition.feed(.trade("A", id: 1, at: 0), .trade("B", id: 3, at: 0), .trade("C", id: -3, at: 0))
        #expect(partition.allProgress.map(\.highestTradeID) == [1, 3])
    }
}
