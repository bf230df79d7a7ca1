extension PartitionState {
    /// An instrument's state in its stored form.
    func snapshot(_ index: Int) -> [UInt8] {
        let state = instruments[index]
        var snapshot = InstrumentSnapshot()
        snapshot.ids = state.ids
        snapshot.earliestMicros = state.earliestMicros
        snapshot.latestPrice = state.latestPrice
        snapshot.latestKey = state.latestKey
        snapshot.latestEventMicros = state.latestEventMicros
        snapshot.hasFlushedEarly = state.hasFlushedEarly
        snapshot.largeVolume = state.largeVolume
        snapshot.largeQuoteVolume = state.largeQuoteVolume
        snapshot.intervals = rules.intervals.indices.map { (rules.intervals[$0], state.since($0)) }
        snapshot.windows = state.sortedWindows.map {
            InstrumentSnapshot.Window(
                interval: rules.intervals[$0.level], startMicros: $0.startMicros, candle: $0.candle, holes: $0.holes)
        }
        return snapshot.bytes
    }

    /// Gives back what a commit stored of one instrument. Before the first step, once for each instrument.
    ///
    /// - Parameters:
    ///   - snapshot: ``PartitionCommit/Snapshot/bytes``.
    ///   - key: the instrument's key text.
    /// - Throws: ``SnapshotError``; the partition must then not be processed.
    public mutating func restore(_ snapshot: [UInt8], key: String) throws(SnapshotError) {
        let stored = try InstrumentSnapshot(snapshot)
        let index: Int
        do {
            index = Int(try table.index(ofKey: key))
        } catch {
            throw .instrument(error)
        }
        makeRoom()
        var state = InstrumentState()
        state.ids = stored.ids
        state.earliestMicros = stored.earliestMicros
        state.latestPrice = stored.latestPrice
        state.latestKey = stored.latestKey
        state.latestEventMicros = stored.latestEventMicros
        state.hasFlushedEarly = stored.hasFlushedEarly
        state.largeVolume = stored.largeVolume
        state.largeQuoteVolume = stored.largeQuoteVolume
        state.sinceMicros = sinceMicros(stored)
        state.windows = openWindows(stored)
        for window in state.windows {
            openWindowCount += 1
            schedule.add(
                Int32(index), level: window.level, endMicros: window.startMicros + lengthsMicros[window.level])
        }
        instruments[index] = state
        if state.ids.stored.openCount > 0 { storage.noteReload(Int32(index)) }
        mark(index, .live)
    }

    /// From when on the windows of each level are complete: of an interval configured since then, those that begin
    /// after everything that was seen without it.
    private func sinceMicros(_ stored: InstrumentSnapshot) -> [Int64] {
        let ends = stored.windows
            .filter { $0.interval == Interval.base || stored.hasFlushedEarly }
            .map { $0.startMicros + $0.interval.microseconds }
        let seen = max(ends.max() ?? noTime, clock.isSet ? clock.maxEventMicros + 1 : noTime)
        let since = rules.intervals.map { interval in
            stored.intervals.first { $0.interval == interval }.map(\.sinceMicros) ?? seen
        }
        return since.allSatisfy { $0 == noTime } ? [] : since
    }

    /// The open windows by level. What those of an interval hold that is configured no longer goes to the next longer
    /// one.
    private func openWindows(_ stored: InstrumentSnapshot) -> [OpenWindow] {
        var windows: [OpenWindow] = []
        for window in stored.windows {
            guard let level = rules.intervals.firstIndex(where: { $0 >= window.interval }) else { continue }
            let start = windowStart(level, window.startMicros)
            let isSame = rules.intervals[level] == window.interval
            let position: Int
            if let known = windows.firstIndex(where: { $0.level == level && $0.startMicros == start }) {
                position = known
            } else if isSame || window.candle != nil {
                position = windows.count
                windows.append(OpenWindow(level: level, startMicros: start, candle: nil))
            } else {
                continue
            }
            if let candle = window.candle { _ = windows[position].merge(candle) }
            if isSame { windows[position].holes += window.holes }
        }
        return windows
    }
}
