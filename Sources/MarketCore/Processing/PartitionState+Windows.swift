extension PartitionState {
    /// Start of the window of a level that holds an instant of 1970 or later, unix microseconds.
    func windowStart(_ level: Int, _ timeMicros: Int64) -> Int64 { timeMicros - timeMicros % lengthsMicros[level] }

    func candleID(_ index: Int, _ level: Int, _ startMicros: Int64) -> CandleID {
        CandleID(instrument: Int32(index), interval: rules.intervals[level], windowStart: startMicros / 1_000_000)
    }

    /// Brings an accepted trade to its candles: the rows of the windows that have closed, and the shortest open window.
    /// The longer ones get it from there.
    mutating func route(_ candle: Candle, of trade: TradeInput, into effects: inout Effects) {
        let index = Int(trade.instrument)
        for level in lengthsMicros.indices {
            let start = windowStart(level, trade.eventTimeMicros)
            let end = start + lengthsMicros[level]
            if level == 0, end <= clock.watermarkMicros { effects.counters.late += 1 }
            if end <= horizonsMicros[level] {
                guard level == 0 else { continue }
                effects.counters.beyondRetention += 1
                effects.lateTrades.append(
                    LateTrade(generation: instruments[index].ids.generation, trade: trade))
            } else if end <= clock.watermarkMicros {
                effects.change(
                    candleID(index, level, start), candle: candle,
                    unknown: instruments[index].isUnknown(level: level, startMicros: start))
            } else {
                merge(candle, into: index, level, start, &effects)
                return
            }
        }
    }

    /// Adds trades to an open window, which opens if it was not.
    private mutating func merge(
        _ candle: Candle, into index: Int, _ level: Int, _ startMicros: Int64, _ effects: inout Effects
    ) {
        if level == 0 {
            if instruments[index].hot.startMicros != startMicros,
                instruments[index].activate(startMicros: startMicros, lengthMicros: lengthsMicros[0])
            {
                opened(index, level, startMicros)
            }
            if instruments[index].hot.candle.tradeCount == 0 {
                instruments[index].hot.candle = candle
            } else if !instruments[index].hot.candle.merge(candle) {
                effects.counters.overflows += 1
            }
            return
        }
        let position = openWindow(index, level, startMicros)
        if !instruments[index].windows[position].merge(candle) { effects.counters.overflows += 1 }
    }

    /// Where an open window that is not the hot one lies; it opens if it was not.
    private mutating func openWindow(_ index: Int, _ level: Int, _ startMicros: Int64) -> Int {
        if let position = instruments[index].windowIndex(level: level, startMicros: startMicros) { return position }
        instruments[index].windows.append(OpenWindow(level: level, startMicros: startMicros, candle: nil))
        opened(index, level, startMicros)
        return instruments[index].windows.count - 1
    }

    private mutating func opened(_ index: Int, _ level: Int, _ startMicros: Int64) {
        openWindowCount += 1
        schedule.add(Int32(index), level: level, endMicros: startMicros + lengthsMicros[level])
    }

    /// Adds to the number of missing ids of an open window.
    mutating func addHoles(_ count: Int64, to index: Int, _ level: Int, _ startMicros: Int64) {
        if level == 0, instruments[index].hot.startMicros == startMicros {
            instruments[index].hot.holes += count
        } else {
            let position = openWindow(index, level, startMicros)
            instruments[index].windows[position].holes += count
        }
    }

    /// Closes every window that ends at or before the watermark.
    mutating func closeWindows(into effects: inout Effects) {
        while let bucket = schedule.takeFirst(endingBy: clock.watermarkMicros) {
            let start = bucket.endMicros - lengthsMicros[bucket.level]
            for instrument in bucket.instruments {
                let index = Int(instrument)
                guard let window = instruments[index].removeWindow(level: bucket.level, startMicros: start) else {
                    continue
                }
                effects.counters.windowsClosed += 1
                hand(window, of: index, closes: true, into: &effects)
                mark(index, .commit)
            }
            schedule.recycle(bucket)
        }
    }

    /// Gives what a window holds to its row and to the next longer window. It is open no more.
    private mutating func hand(_ window: OpenWindow, of index: Int, closes: Bool, into effects: inout Effects) {
        openWindowCount -= 1
        if window.candle != nil || window.holes != 0 {
            effects.change(
                candleID(index, window.level, window.startMicros), candle: window.candle, holes: window.holes,
                unknown: instruments[index].isUnknown(level: window.level, startMicros: window.startMicros),
                closes: closes)
        }
        if let candle = window.candle, window.level + 1 < lengthsMicros.count {
            merge(candle, into: index, window.level + 1, windowStart(window.level + 1, window.startMicros), &effects)
        }
    }

    /// Merges the windows furthest ahead into their rows where an instrument has too many open. Trades that come for
    /// them open them again, and a row takes any number of parts, so nothing is lost but a little order.
    mutating func boundWindows(_ index: Int, into effects: inout Effects) {
        while instruments[index].openCount > rules.maxOpenWindows {
            let sorted = instruments[index].sortedWindows
            guard let from = sorted.map(\.startMicros).max() else { return }
            for level in lengthsMicros.indices {
                for window in instruments[index].sortedWindows
                where window.level == level && window.startMicros >= from {
                    guard let taken = instruments[index].removeWindow(level: level, startMicros: window.startMicros)
                    else { continue }
                    instruments[index].hasFlushedEarly = true
                    effects.counters.windowsFlushedEarly += 1
                    hand(taken, of: index, closes: false, into: &effects)
                }
            }
        }
    }
}
