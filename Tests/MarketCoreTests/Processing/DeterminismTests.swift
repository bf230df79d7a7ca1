import SimulatedMarket
import Testing

@testable import MarketCore

/// The same input gives the same bytes.
struct DeterminismTests {
    private func run(_ log: [LogRecord], splits: UInt64, restarting: Bool) throws -> (TestPartition, [[UInt8]]) {
        var random = SeededRandom(seed: splits)
        let partition = TestPartition()
        var snapshots: [[UInt8]] = []
        partition.append(log)
        // Commits at the same offsets; between them the batches differ.
        for end in stride(from: 20, through: log.count + 19, by: 20) {
            while partition.nextOffset < min(end, log.count) {
                partition.step(limit: min(Int(random.int(1...9)), min(end, log.count) - Int(partition.nextOffset)))
            }
            partition.commit()
            snapshots += partition.database.snapshots.sorted { $0.key < $1.key }.map(\.value)
            if restarting { try partition.restart() }
        }
        partition.finish()
        return (partition, snapshots)
    }

    @Test func batchesAndRestartsLeaveNoTrace() throws {
        for seed in 1...150 as ClosedRange<UInt64> {
            let log = History(seed: seed, hazards: .all).log
            let (first, firstSnapshots) = try run(log, splits: 1, restarting: false)
            let (second, secondSnapshots) = try run(log, splits: 2, restarting: false)
            let (third, thirdSnapshots) = try run(log, splits: 3, restarting: true)
            #expect(firstSnapshots == secondSnapshots, "seed \(seed)")
            #expect(firstSnapshots == thirdSnapshots, "seed \(seed)")
            #expect(first.database.rows == second.database.rows, "seed \(seed)")
            #expect(first.database.rows == third.database.rows, "seed \(seed)")
        }
    }

    @Test func effectsComeInTheSameOrder() {
        for seed in 1...50 as ClosedRange<UInt64> {
            let log = History(seed: seed, hazards: .all).log
            let changes = (1...3).map { splits in
                var random = SeededRandom(seed: UInt64(splits))
                let partition = TestPartition()
                partition.append(log)
                while partition.nextOffset < log.count { partition.step(limit: Int(random.int(1...40))) }
                return partition.effects.candleChanges
            }
            #expect(changes[0] == changes[1], "seed \(seed)")
            #expect(changes[0] == changes[2], "seed \(seed)")
        }
    }
}
