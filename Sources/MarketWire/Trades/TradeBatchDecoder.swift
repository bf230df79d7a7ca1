import MarketCore

/// Turns the messages of the topic `trades` into the records that a partition's state machine takes.
///
/// Two parsers read the same language: a fast one for the one shape that our producers write, and a general one for
/// everything else. A caller first asks the fast one, and only where that declines looks for the message's headers:
///
///     if !decoder.decode(key: key, value: value, …) {
///         decoder.decodeGeneral(key: key, value: value, …, schemaVersion: message.header(WireSchema.headerName))
///     }
public struct TradeBatchDecoder: Sendable {
    /// How many partitions the topic has.
    public let partitions: Int32

    /// - Parameter partitions: of the topic, 1 or more.
    public init(partitions: Int32) { self.partitions = partitions }

    /// Decodes a message of the usual shape whose instrument is known already; takes no memory.
    ///
    /// - Parameters:
    ///   - timestampMillis: the message's own time, unix milliseconds, negative where it has none.
    ///   - table: the partition's instruments.
    ///   - batch: takes the trade.
    /// - Returns: false where the message is for `decodeGeneral` to judge; the batch is then as it was.
    public func decode(
        key: RawSpan, value: RawSpan, partition: Int32, offset: Int64, timestampMillis: Int64,
        table: borrowing InstrumentTable, into batch: inout RecordBatch
    ) -> Bool {
        guard value.byteCount <= TradeRecord.maxBytes, let instrument = table.knownIndex(ofKey: key),
            Murmur2.partition(key: key, partitions: partitions) == partition
        else { return false }
        var scanner = TradeScanner(value)
        guard scanner.scan(),
            table.isInstrument(instrument, in: value, venue: scanner.venue, symbol: scanner.symbol)
        else { return false }
        batch.append(
            TradeInput(
                instrument: instrument, tradeID: scanner.tradeID, tradeCount: scanner.tradeCount,
                price: Price(raw: scanner.price), quantity: Quantity(raw: Int128(scanner.quantity)),
                takerSide: scanner.takerSide, eventTimeMicros: scanner.eventTimeMicros, offset: offset,
                recordTimestampMicros: Self.micros(timestampMillis)))
        return true
    }

    /// Decodes any message: a trade, a control record, or one that says why it could not be used.
    ///
    /// - Parameters:
    ///   - key: nil where the message has none.
    ///   - value: nil for a tombstone.
    ///   - schemaVersion: the header of this name, nil where there is none.
    public func decodeGeneral(
        key: RawSpan?, value: RawSpan?, partition: Int32, offset: Int64, timestampMillis: Int64,
        schemaVersion: [UInt8]?, table: inout InstrumentTable, into batch: inout RecordBatch
    ) {
        let timestampMicros = Self.micros(timestampMillis)
        func control(_ instrument: Int32, _ content: ControlRecord.Content) -> ControlRecord {
            ControlRecord(
                offset: offset, recordTimestampMicros: timestampMicros, instrument: instrument, content: content)
        }
        do throws(WireError) {
            let isKnown = WireSchema.isKnown(schemaVersion)
            guard let value else {
                throw WireError(isKnown ? .tombstone : .unsupportedVersion, "the record has no value")
            }
            guard isKnown || Self.hasUsualShape(value) else {
                throw WireError(.unsupportedVersion, "\(WireSchema.headerName) is not \(WireSchema.version)")
            }
            let record = try TradeRecord.decode(value)
            let instrument = try index(of: record.instrument, key: key, partition: partition, table: &table)
            switch record {
            case .trade(let trade):
                batch.append(
                    TradeInput(
                        instrument: instrument, tradeID: trade.tradeID, tradeCount: trade.tradeCount,
                        price: trade.price, quantity: trade.quantity, takerSide: trade.takerSide,
                        eventTimeMicros: trade.eventTimeMicros, offset: offset, recordTimestampMicros: timestampMicros))
            case .unavailable(let gap): batch.append(control(instrument, .unavailable(gap.tradeIDs)))
            case .reopen(_, let ids): batch.append(control(instrument, .reopen(ids)))
            case .newGeneration: batch.append(control(instrument, .newGeneration))
            }
        } catch {
            var instrument = ControlRecord.noInstrument
            if let key, let known = table.knownIndex(ofKey: key) { instrument = known }
            batch.append(control(instrument, .rejected(error.quarantineReason, detail: error.description)))
        }
    }

    /// The instrument's index; a new one is taken in only here, when its record is sound and where it belongs.
    private func index(
        of instrument: Instrument, key: RawSpan?, partition: Int32, table: inout InstrumentTable
    ) throws(WireError) -> Int32 {
        guard let key else {
            throw WireError(.keyMismatch, "the record has no key, where '\(instrument.key)' is expected")
        }
        let expected = Array(instrument.key.utf8)
        guard key.equals(expected.span.bytes) else {
            throw WireError(.keyMismatch, "the record's key is not '\(instrument.key)', which its value is about")
        }
        let rightful = Murmur2.partition(key: key, partitions: partitions)
        guard rightful == partition else {
            throw WireError(.wrongPartition, "'\(instrument.key)' belongs to partition \(rightful), not \(partition)")
        }
        do throws(InstrumentTableError) {
            return try table.index(ofKey: expected.span)
        } catch {
            if case .full = error { throw WireError(.tooManyInstruments, error.description) }
            throw WireError(.badValue, error.description)
        }
    }

    /// The fast parser would take it, without a look at its headers, once its instrument is known.
    private static func hasUsualShape(_ value: RawSpan) -> Bool {
        guard value.byteCount <= TradeRecord.maxBytes else { return false }
        var scanner = TradeScanner(value)
        return scanner.scan()
    }

    private static func micros(_ millis: Int64) -> Int64 {
        let (micros, overflow) = millis.multipliedReportingOverflow(by: 1_000)
        return millis < 0 || overflow ? -1 : micros
    }
}
