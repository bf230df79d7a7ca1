import MarketCore
import MarketWire
import Testing

@Suite struct TradeBatchDecoderTests {
    static let partitions: Int32 = 12

    /// Both parsers' view of one message.
    struct Outcome: Equatable {
        var trades: [TradeInput] = []
        var controls: [ControlRecord] = []

        init(_ batch: borrowing RecordBatch) {
            trades = batch.trades
            controls = batch.controls.map(\.record)
        }
    }

    private func tableOfKnown() throws -> InstrumentTable {
        var table = InstrumentTable(limit: 100)
        for instrument in TradeSamples.instruments { _ = try table.index(ofKey: instrument.key) }
        return table
    }

    private func fast(_ key: [UInt8], _ value: [UInt8], _ partition: Int32, _ table: borrowing InstrumentTable)
        -> Outcome?
    {
        var batch = RecordBatch()
        let isDone = TradeBatchDecoder(partitions: Self.partitions).decode(
            key: key.span.bytes, value: value.span.bytes, partition: partition, offset: 42, timestampMillis: 1_000,
            table: table, into: &batch)
        let isUntouched = batch.isEmpty
        #expect(isDone != isUntouched)
        return isDone ? Outcome(batch) : nil
    }

    private func general(
        _ key: [UInt8]?, _ value: [UInt8]?, _ partition: Int32, _ table: inout InstrumentTable, version: String? = nil
    ) -> Outcome {
        var batch = RecordBatch()
        let decoder = TradeBatchDecoder(partitions: Self.partitions)
        let version = version.map { Array($0.utf8) }
        switch (key, value) {
        case (let key?, let value?):
            decoder.decodeGeneral(
                key: key.span.bytes, value: value.span.bytes, partition: partition, offset: 42, timestampMillis: 1_000,
                schemaVersion: version, table: &table, into: &batch)
        case (nil, let value?):
            decoder.decodeGeneral(
                key: nil, value: value.span.bytes, partition: partition, offset: 42, timestampMillis: 1_000,
                schemaVersion: version, table: &table, into: &batch)
        case (let key?, nil):
            decoder.decodeGeneral(
                key: key.span.bytes, value: nil, partition: partition, offset: 42, timestampMillis: 1_000,
                schemaVersion: version, table: &table, into: &batch)
        case (nil, nil):
            decoder.decodeGeneral(
                key: nil, value: nil, partition: partition, offset: 42, timestampMillis: 1_000, schemaVersion: version,
                table: &table, into: &batch)
        }
        let (count, endOffset) = (batch.count, batch.endOffset)
        #expect(count == 1 && endOffset == 43)
        return Outcome(batch)
    }

    @Test func theFastParserReadsAllThatIsUsual() throws {
        var random = SeededRandom.announced("usual records")
        var table = try tableOfKnown()
        for _ in 0..<Iterations.count(5_000) {
            let trade = TradeSamples.trade(using: &random)
            let key = Array(trade.instrument.key.utf8)
            let partition = Murmur2.partition(key: trade.instrument.key, partitions: Self.partitions)
            let value = TradeSamples.encoded(trade)
            let outcome = fast(key, value, partition, table)
            #expect(outcome != nil, "\(String(decoding: value, as: UTF8.self))")
            let expected = general(key, value, partition, &table, version: Bool.random(using: &random) ? "2" : nil)
            #expect(outcome == expected)
            let input = try #require(outcome?.trades.first)
            #expect(input.price == trade.price && input.quantity == trade.quantity && input.tradeID == trade.tradeID)
            #expect(input.tradeCount == trade.tradeCount && input.takerSide == trade.takerSide && input.offset == 42)
            #expect(input.eventTimeMicros == trade.eventTimeMicros && input.recordTimestampMicros == 1_000_000)
            let symbol = table.key(input.instrument)
            #expect(symbol == trade.instrument.key)
        }
    }

    /// Whatever the fast parser takes, the general one takes alike.
    @Test func theParsersAgreeOnDamage() throws {
        var random = SeededRandom.announced("damaged records")
        var table = try tableOfKnown()
        var taken = 0
        var refused = 0
        for _ in 0..<Iterations.count(30_000) {
            let trade = TradeSamples.trade(using: &random)
            var key = Array(trade.instrument.key.utf8)
            var value =
                Int.random(in: 0..<4, using: &random) == 0
                ? TradeSamples.unusual(trade, using: &random) : TradeSamples.encoded(trade)
            if Int.random(in: 0..<20, using: &random) == 0 { Mutation.apply(&key, using: &random, times: 1) }
            Mutation.apply(&value, using: &random, times: Int.random(in: 1...3, using: &random))
            let partition =
                Int.random(in: 0..<20, using: &random) == 0
                ? 5 : Murmur2.partition(key: key.span.bytes, partitions: Self.partitions)
            let expected = general(key, value, partition, &table, version: Bool.random(using: &random) ? "2" : nil)
            if expected.trades.isEmpty { refused += 1 }
            if let outcome = fast(key, value, partition, table) {
                taken += 1
                #expect(outcome == expected, "\(String(decoding: value, as: UTF8.self))")
            }
        }
        // A test that only ever meets refusals would show nothing.
        #expect(taken > 100 && refused > 100, "\(taken) taken, \(refused) refused")
    }

    @Test func randomBytesAreRefusedByBoth() throws {
        var random = SeededRandom.announced("random bytes")
        var table = try tableOfKnown()
        let key = Array("BTCUSDT".utf8)
        let partition = Murmur2.partition(key: "BTCUSDT", partitions: Self.partitions)
        for _ in 0..<Iterations.count(5_000) {
            let value = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let outcome1 = fast(key, value, partition, table)
            #expect(outcome1 == nil)
            let outcome6 = general(key, value, partition, &table)
            #expect(outcome6.trades.isEmpty)
        }
    }

    @Test func misplacedRecordsAreQuarantined() throws {
        var table = try tableOfKnown()
        let value = Array(TradeSamples.contract.utf8)
        let partition = Murmur2.partition(key: "BTCUSDT", partitions: Self.partitions)
        func rejection(_ key: String?, _ value: [UInt8]?, _ partition: Int32, version: String? = nil) -> String {
            let outcome = general(key.map { Array($0.utf8) }, value, partition, &table, version: version)
            guard outcome.trades.isEmpty, case .rejected(let reason, let detail)? = outcome.controls.first?.content
            else {
                return "accepted"
            }
            return "\(reason.rawValue) \(detail.prefix { $0 != ":" })"
        }
        #expect(rejection("BTCUSDT", value, partition) == "accepted")
        #expect(rejection("BTCUSDT", value, partition, version: "1") == "accepted")
        // The written shape is version 1 whatever the header says; in any other the header decides.
        #expect(rejection("BTCUSDT", value, partition, version: "2") == "accepted")
        let spaced = Array(TradeSamples.contract.replacing(",", with: ", ").utf8)
        #expect(rejection("BTCUSDT", spaced, partition, version: "1") == "accepted")
        #expect(rejection("BTCUSDT", spaced, partition, version: "2") == "unsupported_version unsupported_version")
        #expect(rejection("ETHUSDT", value, partition) == "key_mismatch key_mismatch")
        #expect(rejection("btcusdt", value, partition) == "key_mismatch key_mismatch")
        #expect(rejection(nil, value, partition) == "key_mismatch key_mismatch")
        #expect(rejection("BTCUSDT", value, (partition + 1) % 12) == "wrong_partition wrong_partition")
        #expect(rejection("BTCUSDT", nil, partition) == "malformed tombstone")
        #expect(rejection("BTCUSDT", [], partition) == "malformed not_json")
        let outcome2 = fast(Array("ETHUSDT".utf8), value, partition, table)
        #expect(outcome2 == nil)
        let outcome3 = fast(Array("BTCUSDT".utf8), value, (partition + 1) % 12, table)
        #expect(outcome3 == nil)
    }

    @Test func onlySoundRecordsBringNewInstruments() throws {
        var table = InstrumentTable(limit: 1)
        let value = Array(TradeSamples.contract.utf8)
        let partition = Murmur2.partition(key: "BTCUSDT", partitions: Self.partitions)
        let key = Array("BTCUSDT".utf8)
        let outcome7 = general(key, Array("{}".utf8), partition, &table)
        #expect(outcome7.controls.first?.instrument == ControlRecord.noInstrument)
        let outcome8 = general(key, value, (partition + 1) % 12, &table)
        #expect(outcome8.trades.isEmpty)
        let count = table.count
        #expect(count == 0)
        let outcome4 = fast(key, value, partition, table)
        #expect(outcome4 == nil)
        let outcome9 = general(key, value, partition, &table)
        #expect(outcome9.trades.count == 1)
        let outcome5 = fast(key, value, partition, table)
        #expect(outcome5?.trades.count == 1)
        let outcome10 = general(key, Array("{}".utf8), partition, &table)
        #expect(outcome10.controls.first?.instrument == 0)
        let other = Array(TradeSamples.contract.replacing("BTCUSDT", with: "ETHUSDT").utf8)
        let otherPartition = Murmur2.partition(key: "ETHUSDT", partitions: Self.partitions)
        guard
            case .rejected(.tooManyInstruments, _)? = general(Array("ETHUSDT".utf8), other, otherPartition, &table)
                .controls.first?.content
        else {
            Issue.record("a second instrument was taken into a table of one")
            return
        }
    }
}
