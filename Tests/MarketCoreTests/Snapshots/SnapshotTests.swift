import SimulatedMarket
import Testing

@testable import MarketCore

struct SnapshotTests {
    /// Snapshots of all kinds of states.
    private func samples(_ seeds: ClosedRange<UInt64>) -> [[UInt8]] {
        seeds.flatMap { seed in
            var rules = ProcessingRules()
            if seed.isMultiple(of: 3) { rules.maxHolesInMemory = 4 }
            if seed.isMultiple(of: 5) { rules.maxOpenWindows = 5 }
            let partition = TestPartition(rules)
            partition.feed(History(seed: seed, hazards: .all).log)
            partition.commit()
            return Array(partition.database.snapshots.values)
        }
    }

    @Test func everySnapshotReadsBackToTheSameBytes() throws {
        for bytes in samples(1...100) { #expect(try InstrumentSnapshot(bytes).bytes == bytes) }
    }

    @Test func aNewerFormatIsRefusedByName() {
        var bytes = samples(1...1)[0]
        bytes[0] = InstrumentSnapshot.version + 1
        let error = #expect(throws: SnapshotError.self) { try InstrumentSnapshot(bytes) }
        #expect(error == .unsupportedVersion(found: 2, supported: 1))
        #expect(error?.description.contains("version 2") == true)
        bytes[0] = 0
        #expect(throws: SnapshotError.self) { try InstrumentSnapshot(bytes) }
    }

    @Test func everyCutIsNoticed() {
        for bytes in samples(1...5) {
            for length in bytes.indices {
                #expect(throws: SnapshotError.self) { try InstrumentSnapshot(Array(bytes.prefix(length))) }
            }
            #expect(throws: SnapshotError.self) { try InstrumentSnapshot(bytes + [0]) }
        }
    }

    /// Whatever the bytes are, reading them ends, with a state or with an error.
    @Test func damagedBytesAreNoCrash() {
        var random = SeededRandom(seed: 71)
        var read = 0
        for bytes in samples(1...20) {
            for _ in 0..<300 {
                var damaged = bytes
                for _ in 0..<random.int(1...3) {
                    damaged[Int(random.int(1...Int64(bytes.count - 1)))] = UInt8(random.int(0...255))
                }
                var state = PartitionState(rules: ProcessingRules())
                do {
                    try state.restore(damaged, key: "BTCUSDT")
                    read += 1
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
        }
        #expect(read > 0)
    }

    @Test func theInstrumentMustBeOne() {
        let bytes = samples(1...1)[0]
        var state = PartitionState(rules: ProcessingRules())
        var problem: SnapshotError?
        do { try state.restore(bytes, key: "not a key") } catch { problem = error }
        guard case .instrument = problem else {
            Issue.record("\(String(describing: problem))")
            return
        }
    }

    @Test func anIntervalConfiguredLaterIsUnknownUntilItsFirstWholeWindow() throws {
        let partition = TestPartition(ProcessingRules(intervals: [.tenSeconds, .fiveMinutes]))
        partition.feed((0..<150).map { .trade(id: 1 + $0, at: $0 * second) })
        partition.commit()
        try partition.restart(rules: ProcessingRules(intervals: [.tenSeconds, .oneMinute, .fiveMinutes]))
        partition.feed((150..<400).filter { $0 != 250 }.map { .trade(id: 1 + $0, at: $0 * second) })
        partition.commit()
        // And it stays so over further restarts.
        try partition.restart()
        partition.feed(.trade(id: 1_000, at: 400 * second))
        partition.finish()
        #expect(partition.row("BTCUSDT", .oneMinute, 60) == nil)
        #expect(partition.row("BTCUSDT", .oneMinute, 120)?.unknown == true)
        #expect(partition.row("BTCUSDT", .oneMinute, 240)?.missingTrades == 1)
        #expect(partition.row("BTCUSDT", .fiveMinutes, 0)?.missingTrades == 1)
        #expect(partition.row("BTCUSDT", .fiveMinutes, 0)?.candle.tradeCount == 299)
        #expect(partition.row("BTCUSDT", .tenSeconds, 120)?.missingTrades == 0)
    }

    @Test func anIntervalConfiguredNoLongerGivesWhatItHoldsToTheNext() throws {
        let partition = TestPartition(ProcessingRules(intervals: [.oneMinute, .fiveMinutes, .oneDay]))
        partition.feed((0..<150).map { .trade(id: 1 + $0, at: $0 * second) })
        partition.commit()
        try partition.restart(rules: ProcessingRules(intervals: [.fiveMinutes]))
        partition.feed((150..<400).map { .trade(id: 1 + $0, at: $0 * second) })
        partition.finish()
        #expect(partition.row("BTCUSDT", .fiveMinutes, 0)?.candle.tradeCount == 300)
        #expect(partition.row("BTCUSDT", .fiveMinutes, 300)?.candle.tradeCount == 100)
        #expect(partition.row("BTCUSDT", .oneDay, 0) == nil)
        #expect(partition.row("BTCUSDT", .oneMinute, 60)?.candle.tradeCount == 60)
        #expect(partition.row("BTCUSDT", .oneMinute, 120) == nil)
    }
}
