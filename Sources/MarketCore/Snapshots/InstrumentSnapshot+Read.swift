extension InstrumentSnapshot {
    /// Reads the stored form.
    ///
    /// - Throws: ``SnapshotError``.
    package init(_ bytes: [UInt8]) throws(SnapshotError) {
        var reader = SnapshotReader(bytes)
        let version = try reader.byte("the format's version")
        guard version >= 1 else { throw reader.malformed("the format's version") }
        guard version <= Self.version else {
            throw .unsupportedVersion(found: version, supported: Self.version)
        }
        let flags = try reader.byte("flags")
        guard flags < 4 else { throw reader.malformed("flags") }
        hasFlushedEarly = flags & 2 != 0
        guard let generation = Int32(exactly: try reader.count("the generation")) else {
            throw reader.malformed("the generation")
        }
        ids.generation = generation
        if flags & 1 != 0 { try Self.read(&ids, from: &reader) }
        let highest = ids.isEmpty ? 0 : ids.highest
        for _ in 0..<(try reader.length("the number of settled ranges")) {
            let first = try Self.id(try reader.distance(from: highest, "a settled id"), reader)
            let (last, overflow) = first.addingReportingOverflow(try reader.count("a settled range"))
            guard !overflow else { throw reader.malformed("a settled range") }
            ids.settled.insert(first...last)
        }
        let time = ids.isEmpty ? 0 : ids.highestEventMicros
        earliestMicros = try reader.distance(from: time, or: Int64.max, "the earliest time")
        latestEventMicros = try reader.distance(from: time, or: noTime, "the latest time")
        if earliestMicros != Int64.max { earliestMicros = try Self.time(earliestMicros, reader) }
        if latestEventMicros != noTime {
            latestEventMicros = try Self.time(latestEventMicros, reader)
            latestPrice = Price(raw: try reader.count("the latest price"))
            latestKey = try key(from: &reader)
        }
        largeVolume = try reader.wide("a sum")
        largeQuoteVolume = try reader.wide("a sum")
        for _ in 0..<(try reader.length("the number of intervals")) {
            let interval = try Self.interval(from: &reader)
            guard intervals.last.map({ $0.interval < interval }) ?? true else {
                throw reader.malformed("a longer interval")
            }
            intervals.append((interval, try reader.distance(from: time, or: noTime, "an interval's beginning")))
        }
        for _ in 0..<(try reader.length("the number of open windows")) {
            windows.append(try window(from: &reader))
        }
        guard reader.isAtEnd else { throw reader.malformed("the end") }
    }

    private static func read(_ ids: inout IDLedger, from reader: inout SnapshotReader) throws(SnapshotError) {
        ids.highest = try id(try reader.count("the highest id"), reader)
        let time = try self.time(try reader.count("its time"), reader)
        ids.highestEventMicros = time
        ids.lowest = try id(ids.highest - (try reader.count("the lowest id")), reader)
        ids.openFrom = try id(try reader.distance(from: ids.highest, "the first open id"), reader)
        ids.originMicros = try self.time(try reader.distance(from: time, "the first time"), reader)
        ids.firstMicros = try edge(from: &reader, reference: time)
        ids.lastMicros = try edge(from: &reader, reference: time)
        let stored = try reader.count("the number of stored holes")
        if stored > 0 {
            let below = try id(try reader.distance(from: ids.highest, "the end of stored holes"), reader)
            ids.stored = StoredHoles(
                below: below, count: stored, openCount: try reader.count("the number of open stored holes"))
        }
        var next = ids.highest
        for _ in 0..<(try reader.length("the number of holes")) {
            let last = next &- (try reader.count("the end of a hole"))
            let first = last &- (try reader.count("the size of a hole"))
            guard last < next, first <= last, first > ids.lowest else { throw reader.malformed("a hole") }
            let before = try edge(from: &reader, reference: time)
            let after = try edge(from: &reader, reference: before == noTime ? time : before)
            ids.holes.append(IDHole(first: first, last: last, beforeMicros: before, afterMicros: after))
            next = first
        }
        ids.holes.reverse()
    }

    private static func id(_ id: Int64, _ reader: SnapshotReader) throws(SnapshotError) -> Int64 {
        guard id >= 0, id <= PartitionState.idLimit else { throw reader.malformed("a trade id") }
        return id
    }

    private static func time(_ time: Int64, _ reader: SnapshotReader) throws(SnapshotError) -> Int64 {
        guard time >= 0, time < PartitionState.timeLimitMicros else { throw reader.malformed("a time") }
        return time
    }

    private static func edge(from reader: inout SnapshotReader, reference: Int64) throws(SnapshotError) -> Int64 {
        let edge = try reader.distance(from: reference, or: noTime, "a time")
        return edge == noTime ? noTime : try time(edge, reader)
    }

    private static func interval(from reader: inout SnapshotReader) throws(SnapshotError) -> Interval {
        guard let interval = Interval(rawValue: try reader.byte("an interval")) else {
            throw reader.malformed("an interval")
        }
        return interval
    }

    private func key(from reader: inout SnapshotReader) throws(SnapshotError) -> TradeKey {
        let older = try reader.count("a generation")
        guard older <= Int64(ids.generation) else { throw reader.malformed("a generation") }
        let reference = ids.isEmpty ? 0 : ids.highest
        return TradeKey(
            generation: ids.generation - Int32(older),
            id: try Self.id(try reader.distance(from: reference, "a trade id"), reader))
    }

    private func window(from reader: inout SnapshotReader) throws(SnapshotError) -> Window {
        let interval = try Self.interval(from: &reader)
        let (start, overflow) = try reader.count("a window").multipliedReportingOverflow(by: interval.microseconds)
        guard !overflow else { throw reader.malformed("a window") }
        let startMicros = try Self.time(start, reader)
        let holes = try reader.signed("a number of holes")
        let mark = try reader.byte("a candle's mark")
        guard mark <= 1 else { throw reader.malformed("a candle's mark") }
        if mark == 0 { return Window(interval: interval, startMicros: startMicros, candle: nil, holes: holes) }
        let low = try reader.count("a price")
        let (high, overflow1) = low.addingReportingOverflow(try reader.count("a price"))
        let (open, overflow2) = low.addingReportingOverflow(try reader.count("a price"))
        let (close, overflow3) = low.addingReportingOverflow(try reader.count("a price"))
        guard !overflow1, !overflow2, !overflow3 else { throw reader.malformed("a price") }
        let candle = Candle(
            open: Price(raw: open), high: Price(raw: high), low: Price(raw: low), close: Price(raw: close),
            volume: Quantity(raw: try reader.wide("a volume")),
            takerBuyVolume: Quantity(raw: try reader.wide("a volume")),
            quoteVolume: QuoteAmount(raw: try reader.wide("a volume")),
            takerBuyQuoteVolume: QuoteAmount(raw: try reader.wide("a volume")),
            tradeCount: try reader.count("a number of trades"), first: try key(from: &reader),
            last: try key(from: &reader))
        guard candle.tradeCount > 0 else { throw reader.malformed("a number of trades") }
        return Window(interval: interval, startMicros: startMicros, candle: candle, holes: holes)
    }
}
