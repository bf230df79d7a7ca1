import MarketCore
import MarketWire
import ServiceKit

extension PartitionWork {
    /// Translates what the state machine wants committed into rows that name their instruments.
    ///
    /// - Parameters:
    ///   - keys: key texts by instrument index.
    ///   - raw: the bytes of quarantined records by offset.
    init(
        _ commit: PartitionCommit, lease: PartitionLease, topic: String, topicID: String, keys: (Int32) -> String,
        raw: [Int64: RawMessage]
    ) {
        self.init(
            progress: PartitionProgress(
                lease: lease, nextOffset: commit.nextOffset, watermarkMicros: commit.watermarkMicros,
                maxEventMicros: commit.maxEventMicros),
            topicID: topicID)
        sequence = commit.sequence
        counters = commit.counters
        candles = commit.candleChanges.map { change in
            CandleRowChange(
                symbol: keys(change.id.instrument), interval: change.id.interval, windowStart: change.id.windowStart,
                candle: change.candle, holeDelta: change.holesDelta, isUnknown: change.unknown)
        }
        snapshots = commit.snapshots.map { snapshot in
            InstrumentSnapshot(
                symbol: keys(snapshot.instrument), version: Self.snapshotVersion(snapshot.bytes), state: snapshot.bytes)
        }
        quarantined = commit.quarantined.map { record in
            QuarantinedMessage(
                offset: record.offset, reason: record.reason.rawValue, detail: record.detail.printable,
                symbol: record.instrument >= 0 ? keys(record.instrument) : nil, key: raw[record.offset]?.key,
                value: raw[record.offset]?.value)
        }
        lateTrades = commit.lateTrades.map { late in
            LateTradeRow(
                symbol: keys(late.trade.instrument), key: TradeKey(generation: late.generation, id: late.trade.tradeID),
                tradeCount: late.trade.tradeCount, price: late.trade.price, quantity: late.trade.quantity,
                takerSide: late.trade.takerSide, eventTimeMicros: late.trade.eventTimeMicros)
        }
        deletedHoles = commit.removedHoles.map { key in
            HoleKey(symbol: keys(key.instrument), generation: key.generation, firstID: key.firstID)
        }
        savedHoles = commit.storedHoles.map { hole in
            HoleRow(
                symbol: keys(hole.key.instrument), generation: hole.key.generation, firstID: hole.key.firstID,
                lastID: hole.lastID, beforeTimeMicros: hole.beforeMicros, afterTimeMicros: hole.afterMicros,
                settled: Multirange.text(hole.settled), isSettled: hole.isSettled)
        }
        instrumentProgress = commit.progress.compactMap { progress in
            ProgressRecord(
                progress, symbol: keys(progress.instrument), topic: topic, partition: lease.partition,
                nextOffset: commit.nextOffset)
        }
    }

    /// The state's first byte is its format's version; the column lets people see it without reading the rest.
    private static func snapshotVersion(_ bytes: [UInt8]) -> Int32 { bytes.first.map(Int32.init) ?? 0 }
}

/// Key and value of a record as they came, for the quarantine.
package struct RawMessage: Sendable {
    package let key: [UInt8]?
    package let value: [UInt8]?

    package init(key: [UInt8]?, value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

extension ProgressRecord {
    /// - Returns: nil for an instrument of which no trade is known yet.
    init?(_ progress: InstrumentProgress, symbol: String, topic: String, partition: Int32, nextOffset: Int64) {
        guard let highest = progress.highestTradeID, let time = progress.highestEventMicros else { return nil }
        self.init(
            symbol: symbol, generation: Int64(progress.generation), highestTradeID: highest,
            highestEventTimeMicros: time, holes: progress.openHoles, topic: topic,
            partition: partition, nextOffset: nextOffset)
    }
}

/// PostgreSQL's `int8multirange` as text: `{[1,5),[7,8)}`.
package enum Multirange {
    package static func text(_ ranges: [ClosedRange<Int64>]) -> String {
        "{" + ranges.map { "[\($0.lowerBound),\($0.upperBound &+ 1))" }.joined(separator: ",") + "}"
    }

    /// - Returns: nil for text that PostgreSQL would not have written.
    package static func ranges(_ text: String) -> [ClosedRange<Int64>]? {
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
        let numbers = text.dropFirst().dropLast().split { "[),".contains($0) }.map { Int64($0) }
        guard numbers.count.isMultiple(of: 2) else { return nil }
        var ranges: [ClosedRange<Int64>] = []
        for index in stride(from: 0, to: numbers.count, by: 2) {
            guard let lower = numbers[index], let upper = numbers[index + 1], lower < upper else { return nil }
            ranges.append(lower...(upper - 1))
        }
        return ranges
    }
}
