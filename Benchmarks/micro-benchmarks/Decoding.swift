import MarketCore
import MarketWire

/// A decoder with the batch that it fills.
final class Decoding {
    private let decoder: TradeBatchDecoder
    private var table: InstrumentTable
    private var batch = RecordBatch(capacity: Steps.batchSize)

    init(_ decoder: TradeBatchDecoder, _ table: consuming InstrumentTable) {
        self.decoder = decoder
        self.table = table
    }

    func decode(_ key: [UInt8], _ value: [UInt8], _ offset: Int64) {
        _ = decoder.decode(
            key: key.span.bytes, value: value.span.bytes, partition: 0, offset: offset, timestampMillis: -1,
            table: table, into: &batch)
    }

    func decodeGeneral(_ key: [UInt8], _ value: [UInt8], _ offset: Int64, _ version: [UInt8]) {
        decoder.decodeGeneral(
            key: key.span.bytes, value: value.span.bytes, partition: 0, offset: offset, timestampMillis: -1,
            schemaVersion: version, table: &table, into: &batch)
    }

    /// How many trades it made.
    func finish() -> Int {
        defer { batch.removeAll() }
        return batch.trades.count
    }
}

/// A partition's state, its batches, and commits that go through at once.
final class Stepping {
    private var state = PartitionState(rules: ProcessingRules())
    private var effects = Effects()
    private var batch = RecordBatch(capacity: Steps.batchSize)
    private let instrumentCount: Int

    init(_ instruments: [Instrument]) {
        instrumentCount = instruments.count
        for instrument in instruments { _ = try? state.table.index(ofKey: instrument.key) }
    }

    /// Takes in the trades of a batch by its number; how many were accepted since the last commit.
    func step(_ number: Int, startMicros: Int64, batchSize: Int) -> Int {
        batch.removeAll()
        for index in 0..<batchSize {
            let position = number * batchSize + index
            batch.append(
                TradeInput(
                    instrument: Int32(position % instrumentCount), tradeID: Int64(1 + position / instrumentCount),
                    tradeCount: 1, price: Price(raw: 6_712_345_000_000 + Int64(position % 977) * 1_000_000),
                    quantity: Quantity(raw: Int128(1 + position % 100_000) * 1_000),
                    takerSide: position % 3 == 0 ? .sell : .buy,
                    eventTimeMicros: startMicros + Int64(position) * 500, offset: Int64(position),
                    recordTimestampMicros: -1))
        }
        _ = state.step(batch, into: &effects)
        let accepted = Int(effects.counters.accepted)
        // As the processor does: a window that closed is worth a commit.
        if !effects.candleChanges.isEmpty {
            let commit = state.takeCommit(&effects)
            state.commitSucceeded(commit.sequence)
        }
        return max(accepted, batchSize)
    }
}
