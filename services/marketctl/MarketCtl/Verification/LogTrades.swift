import KafkaClient
import MarketCore
import MarketWire
import Synchronization

/// An instrument's trades out of its partition of the trades topic, from where the log begins.
struct LogTrades {
    private(set) var collection: TradeCollection
    /// Event time of the first trade that the log still has, unix microseconds.
    private(set) var firstTradeMicros: Int64?
    /// Everything before has been read.
    private(set) var nextOffset: Int64

    private let instrument: Instrument
    private let key: [UInt8]
    private let refused: Set<Int64>
    private let reader: KafkaReader
    private let firstOffset: Int64
    private var generation: Int32 = 0

    /// Counts events, so that a broker that gives nothing is noticed.
    private final class Pulse: Sendable {
        let count = Atomic<Int64>(0)
    }

    /// - Parameter refused: offsets of records that are in the quarantine.
    init(
        _ instrument: Instrument, _ place: LogPlace, from offset: Int64, _ kafka: KafkaConfiguration,
        into collection: TradeCollection, refused: Set<Int64>
    ) throws(KafkaError) {
        self.instrument = instrument
        self.collection = collection
        self.refused = refused
        key = Array(instrument.key.utf8)
        nextOffset = offset
        firstOffset = offset
        var options = ReaderOptions()
        options.bufferedRecords = 20_000
        reader = try KafkaReader(
            kafka, topic: place.topic, from: .offset(offset), partitions: [place.partition], options: options)
    }

    func close() async { await reader.close() }

    /// Reads on.
    ///
    /// - Parameter end: the offset to come to.
    /// - Throws: ``CommandError`` for too many trades, or a broker that gives nothing; `KafkaError`.
    mutating func read(to end: Int64) async throws {
        let pulse = Pulse()
        let watchdog = Task { [reader] in
            var seen: Int64 = -1
            while !Task.isCancelled {
                let count = pulse.count.load(ordering: .relaxed)
                if count == seen { return await reader.close() }
                seen = count
                try? await Task.sleep(for: .milliseconds(CommandSession.brokerMillis))
            }
        }
        defer { watchdog.cancel() }
        while nextOffset < end {
            guard let event = try await reader.next() else {
                throw CommandError("the broker gave nothing for \(CommandSession.brokerMillis / 1_000) s")
            }
            pulse.count.wrappingAdd(1, ordering: .relaxed)
            switch event {
            case .record(let record):
                try take(record)
                nextOffset = record.offset + 1
                if nextOffset % 20_000 == 0 { tell(end) }
            case .reachedEnd(_, let offset): nextOffset = max(nextOffset, offset)
            }
        }
    }

    private func tell(_ end: Int64) {
        let share = 100 * (nextOffset - firstOffset) / max(1, end - firstOffset)
        Terminal.progress(
            "\(nextOffset - firstOffset) records read, \(share) %; \(collection.trades.count) trades kept")
    }

    /// What cannot be used is in the quarantine, which is told of.
    private mutating func take(_ record: KafkaRecord) throws(CommandError) {
        guard record.key == key, let value = record.value, let content = try? TradeRecord.decode(value),
            content.instrument == instrument
        else { return }
        switch content {
        case .trade(let trade):
            guard !refused.contains(record.offset) else { return }
            if firstTradeMicros == nil { firstTradeMicros = trade.eventTimeMicros }
            try collection.add(VerifiedTrade(trade, generation: generation, position: record.offset))
        case .newGeneration: generation += 1
        case .unavailable, .reopen: break
        }
    }
}
