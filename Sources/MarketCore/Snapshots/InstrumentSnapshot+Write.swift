extension InstrumentSnapshot {
    /// The stored form, newest version. The same state always gives the same bytes.
    package var bytes: [UInt8] {
        var writer = SnapshotWriter()
        writer.byte(Self.version)
        writer.byte((ids.isEmpty ? 0 : 1) | (hasFlushedEarly ? 2 : 0))
        writer.count(Int64(ids.generation))
        if !ids.isEmpty { Self.write(ids, to: &writer) }
        writer.count(Int64(ids.settled.count))
        for range in ids.settled.ranges {
            writer.distance(range.lowerBound, from: ids.isEmpty ? 0 : ids.highest)
            writer.count(range.upperBound - range.lowerBound)
        }
        let time = ids.isEmpty ? 0 : ids.highestEventMicros
        writer.distance(earliestMicros, from: time, unless: Int64.max)
        writer.distance(latestEventMicros, from: time, unless: noTime)
        if latestEventMicros != noTime {
            writer.count(latestPrice.raw)
            write(latestKey, to: &writer)
        }
        writer.wide(largeVolume)
        writer.wide(largeQuoteVolume)
        writer.count(Int64(intervals.count))
        for (interval, since) in intervals {
            writer.byte(interval.rawValue)
            writer.distance(since, from: time, unless: noTime)
        }
        writer.count(Int64(windows.count))
        for window in windows { write(window, to: &writer) }
        return writer.bytes
    }

    private static func write(_ ids: IDLedger, to writer: inout SnapshotWriter) {
        let time = ids.highestEventMicros
        writer.count(ids.highest)
        writer.count(time)
        writer.count(ids.highest - ids.lowest)
        writer.distance(ids.openFrom, from: ids.highest)
        writer.distance(ids.originMicros, from: time)
        writer.distance(ids.firstMicros, from: time, unless: noTime)
        writer.distance(ids.lastMicros, from: time, unless: noTime)
        writer.count(ids.stored.count)
        if ids.stored.count > 0 {
            writer.distance(ids.stored.below, from: ids.highest)
            writer.count(ids.stored.openCount)
        }
        writer.count(Int64(ids.holes.count))
        var next = ids.highest
        for hole in ids.holes.reversed() {
            writer.count(next - hole.last)
            writer.count(hole.last - hole.first)
            writer.distance(hole.beforeMicros, from: time, unless: noTime)
            writer.distance(
                hole.afterMicros, from: hole.beforeMicros == noTime ? time : hole.beforeMicros, unless: noTime)
            next = hole.first
        }
    }

    private func write(_ key: TradeKey, to writer: inout SnapshotWriter) {
        writer.count(Int64(ids.generation - key.generation))
        writer.distance(key.id, from: ids.isEmpty ? 0 : ids.highest)
    }

    private func write(_ window: Window, to writer: inout SnapshotWriter) {
        writer.byte(window.interval.rawValue)
        writer.count(window.startMicros / window.interval.microseconds)
        writer.signed(window.holes)
        guard let candle = window.candle else {
            writer.byte(0)
            return
        }
        writer.byte(1)
        writer.count(candle.low.raw)
        writer.count(candle.high.raw - candle.low.raw)
        writer.count(candle.open.raw - candle.low.raw)
        writer.count(candle.close.raw - candle.low.raw)
        writer.wide(candle.volume.raw)
        writer.wide(candle.takerBuyVolume.raw)
        writer.wide(candle.quoteVolume.raw)
        writer.wide(candle.takerBuyQuoteVolume.raw)
        writer.count(candle.tradeCount)
        write(candle.first, to: &writer)
        write(candle.last, to: &writer)
    }
}
