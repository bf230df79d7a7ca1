extension PartitionState {
    /// Takes in a trade's ids; ``countHoles(_:into:)`` then brings what changed to the candles.
    mutating func insertIDs(of trade: TradeInput, _ index: Int, timeMicros: Int64, into effects: inout Effects) {
        let change = instruments[index].ids.insert(
            trade.firstTradeID, trade.tradeID, timeMicros: timeMicros, eventTimeMicros: trade.eventTimeMicros,
            disorderMicros: rules.outOfOrdernessMicros, deltas: &deltas)
        if change > 0 { effects.counters.idsFoundMissing += change }
        if change < 0 { effects.counters.idsFilled -= change }
    }

    /// Brings changes in the number of missing ids to the windows on both sides of each hole.
    mutating func countHoles(_ index: Int, into effects: inout Effects) {
        guard !deltas.isEmpty else { return }
        for delta in deltas {
            for level in lengthsMicros.indices {
                let before = delta.beforeMicros == noTime ? noTime : windowStart(level, delta.beforeMicros)
                let after = delta.afterMicros == noTime ? noTime : windowStart(level, delta.afterMicros)
                if before != noTime { countHole(delta.count, index, level, before, &effects) }
                if after != noTime, after != before { countHole(delta.count, index, level, after, &effects) }
            }
        }
        deltas.removeAll(keepingCapacity: true)
    }

    private mutating func countHole(
        _ count: Int64, _ index: Int, _ level: Int, _ startMicros: Int64, _ effects: inout Effects
    ) {
        let end = startMicros + lengthsMicros[level]
        // Rows that are gone, and rows that never can tell, are not counted in: neither now nor back again.
        guard end > horizonsMicros[level], startMicros >= instruments[index].since(level) else { return }
        if end <= clock.watermarkMicros {
            effects.change(candleID(index, level, startMicros), holes: count)
        } else {
            addHoles(count, to: index, level, startMicros)
        }
    }

    /// Older history came in: the windows that held the oldest trade so far and began before it may be known now.
    mutating func noteEarliest(_ index: Int, _ timeMicros: Int64, into effects: inout Effects) {
        let old = instruments[index].earliestMicros
        guard timeMicros < old else { return }
        instruments[index].earliestMicros = timeMicros
        guard old != Int64.max else { return }
        for level in lengthsMicros.indices {
            let start = windowStart(level, old)
            let end = start + lengthsMicros[level]
            guard start < old, start >= timeMicros, start >= instruments[index].since(level),
                end > horizonsMicros[level]
            else { continue }
            // An open window says so itself when it closes, unless a part of it is in its row already.
            if end <= clock.watermarkMicros || instruments[index].hasFlushedEarly {
                effects.change(candleID(index, level, start), unknown: false)
            }
        }
    }
}
