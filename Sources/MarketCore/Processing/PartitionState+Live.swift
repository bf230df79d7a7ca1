extension PartitionState {
    /// Some instrument changed since ``takeLiveUpdates(limit:)``.
    public var hasLiveUpdates: Bool { !pendingLive.isEmpty }

    /// The latest of the instruments that changed since the last call, in the order in which they changed.
    ///
    /// - Parameter limit: instruments at most; the rest comes with the next call.
    public mutating func takeLiveUpdates(limit: Int = .max) -> [LiveUpdate] {
        let count = min(max(0, limit), pendingLive.count)
        var updates: [LiveUpdate] = []
        updates.reserveCapacity(count)
        for instrument in pendingLive.prefix(count) {
            let index = Int(instrument)
            instruments[index].pending.remove(.live)
            let state = instruments[index]
            guard state.latestEventMicros != noTime else { continue }
            updates.append(
                LiveUpdate(
                    instrument: instrument, price: state.latestPrice, key: state.latestKey,
                    eventTimeMicros: state.latestEventMicros, openCandles: openCandles(of: state)))
        }
        pendingLive.removeFirst(count)
        return updates
    }

    /// Makes the next ``takeLiveUpdates(limit:)`` give every instrument, after Redis lost its data.
    public mutating func markAllLive() {
        for index in instruments.indices { mark(index, .live) }
    }

    /// The newest open candle of each interval, but none that lies ahead of the partition's time: a wild time is not
    /// now.
    private func openCandles(of state: InstrumentState) -> [LiveUpdate.OpenCandle] {
        let windows = state.sortedWindows.filter { $0.startMicros <= clock.nowMicros }
        var candles: [LiveUpdate.OpenCandle] = []
        for level in lengthsMicros.indices {
            let parts = windows.filter { $0.level <= level && $0.candle != nil }
            guard let newest = parts.map({ windowStart(level, $0.startMicros) }).max() else { continue }
            var candle: Candle?
            for part in parts where windowStart(level, part.startMicros) == newest {
                guard let partCandle = part.candle else { continue }
                if candle == nil { candle = partCandle } else { _ = candle?.merge(partCandle) }
            }
            guard let candle else { continue }
            let holes = windows.first { $0.level == level && $0.startMicros == newest }?.holes ?? 0
            candles.append(
                LiveUpdate.OpenCandle(
                    interval: rules.intervals[level], windowStart: newest / 1_000_000, candle: candle,
                    missingTrades: state.isUnknown(level: level, startMicros: newest) ? nil : holes))
        }
        return candles
    }
}
