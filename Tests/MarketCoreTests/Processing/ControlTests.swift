import SimulatedMarket
import Testing

@testable import MarketCore

struct ControlTests {
    private func openHoles(_ partition: TestPartition) -> [ClosedRange<Int64>]? {
        partition.commit()
        return partition.database.progress["BTCUSDT"]?.openHoles
    }

    @Test func unavailableTradesStayMissingAndAreNotOffered() throws {
        let partition = TestPartition()
        partition.feed(.trade(id: 1, at: 0), .trade(id: 10, at: 0), .control(.unavailable(4...6)))
        #expect(openHoles(partition) == [7...9, 2...3])
        partition.feed(.control(.unavailable(1...20)))
        #expect(openHoles(partition) == [])
        // Also after a restart.
        try partition.restart()
        partition.feed(.trade(id: 25, at: 0))
        #expect(openHoles(partition) == [21...24])
        partition.finish()
        #expect(partition.row(0)?.holes == 22)
    }

    @Test func aSettledTradeMayStillCome() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 1, at: 0), .trade(id: 5, at: 0), .control(.unavailable(2...4)), .trade(id: 3, at: 0))
        partition.finish()
        #expect(partition.row(0)?.holes == 2)
        #expect(partition.row(0)?.candle.tradeCount == 3)
        #expect(openHoles(partition) == [])
    }

    @Test func reopenedTradesAreOfferedAgain() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 1, at: 0), .trade(id: 10, at: 0), .control(.unavailable(2...9)), .control(.reopen(5...6)))
        #expect(openHoles(partition) == [5...6])
        partition.finish()
        #expect(partition.row(0)?.holes == 8)
    }

    @Test func aNewGenerationCountsItsIDsAnew() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 100, price: "1", at: 0), .trade(id: 103, price: "2", at: second),
            .trade(id: 1, price: "9", at: 2 * minute), .control(.newGeneration),
            .trade(id: 1, price: "3", at: 2 * second),
            .trade(id: 3, price: "4", at: 3 * second))
        partition.finish()
        #expect(partition.database.quarantined.map(\.record.reason) == [.idRestart])
        let row = partition.row(0)
        #expect(row?.candle.tradeCount == 4)
        #expect(row?.candle.open.description == "1")
        #expect(row?.candle.close.description == "4")
        #expect(row?.candle.last == TradeKey(generation: 1, id: 3))
        // What was missing of the old numbering stays missing.
        #expect(row?.holes == 3)
        #expect(partition.database.progress["BTCUSDT"]?.generation == 1)
        #expect(openHoles(partition) == [2...2])
        #expect(partition.live()?.price.description == "4")
    }

    @Test func aNewGenerationBeforeItsFirstTradeHasNoHighest() {
        let partition = TestPartition()
        partition.feed(.trade(id: 100, at: 0), .control(.newGeneration))
        partition.commit()
        #expect(partition.database.progress["BTCUSDT"]?.highestTradeID == nil)
        #expect(partition.database.progress["BTCUSDT"]?.generation == 1)
        #expect(partition.live()?.price.description == "100")
    }

    @Test func rejectedRecordsAreQuarantinedInTheirPlace() {
        let partition = TestPartition()
        partition.feed(
            .trade(id: 1, at: 0), .control(.rejected(.malformed, detail: "no price")), .trade(id: 2, at: 0))
        #expect(partition.effects.quarantined.map(\.offset) == [1])
        #expect(partition.effects.quarantined.map(\.detail) == ["no price"])
        #expect(partition.nextOffset == 3)
    }

    @Test func aControlOfNoInstrumentOrOfImpossibleIDsIsQuarantined() {
        let partition = TestPartition()
        var batch = RecordBatch()
        partition.feed(.trade("A", id: -1, at: 0))
        partition.effects = Effects()
        func control(_ offset: Int64, _ instrument: Int32, _ content: ControlRecord.Content) -> ControlRecord {
            ControlRecord(offset: offset, recordTimestampMicros: -1, instrument: instrument, content: content)
        }
        batch.append(control(1, -1, .newGeneration))
        batch.append(control(2, 7, .unavailable(1...2)))
        batch.append(control(3, 0, .unavailable(-5...2)))
        batch.append(control(4, 0, .reopen(0...Int64.max)))
        batch.append(control(5, -1, .rejected(.keyMismatch, detail: "")))
        let requests = partition.step(batch)
        #expect(requests.isEmpty)
        #expect(
            partition.effects.quarantined.map(\.reason)
                == [.implausible, .implausible, .implausible, .implausible, .keyMismatch])
        let other = TestPartition()
        other.feed(.trade(id: 5, at: 0), .control(.unavailable(6...20_000_000)))
        #expect(other.effects.quarantined.map(\.reason) == [.idJump])
    }
}
