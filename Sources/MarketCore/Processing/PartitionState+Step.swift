extension PartitionState {
    /// Takes in the records of `batch` from ``nextOffset`` on.
    ///
    /// - Returns: empty when all are taken in. Else the stored holes needed before the record at ``nextOffset`` can
    ///   be judged: give them to ``load(_:for:into:)`` and call again with the same batch.
    public mutating func step(_ batch: borrowing RecordBatch, into effects: inout Effects) -> [HoleRequest] {
        makeRoom()
        // Called again with the same batch, what was taken in already is no replay.
        let isContinuing = storage.stoppedAt == nextOffset
        let replayed = effects.counters.replayed
        defer { if isContinuing { effects.counters.replayed = replayed } }
        storage.stoppedAt = nil
        var position = 0
        for control in batch.controls {
            if let request = take(batch.trades, position, control.tradesBefore, into: &effects)
                ?? take(control.record, into: &effects)
            {
                return ask(request)
            }
            position = control.tradesBefore
        }
        if let request = take(batch.trades, position, batch.trades.count, into: &effects) { return ask(request) }
        nextOffset = max(nextOffset, batch.endOffset)
        return []
    }

    private mutating func ask(_ request: HoleRequest) -> [HoleRequest] {
        storage.ask(request)
        storage.stoppedAt = nextOffset
        return [request]
    }

    /// Takes in the trades of a part of a batch.
    ///
    /// - Returns: what stopped it.
    private mutating func take(
        _ trades: [TradeInput], _ start: Int, _ end: Int, into effects: inout Effects
    ) -> HoleRequest? {
        var position = start
        while position < end {
            position = takeRun(trades, position, end, into: &effects)
            if clock.watermarkMicros >= schedule.nextEndMicros { closeWindows(into: &effects) }
            guard position < end else { break }
            let trade = trades[position]
            if trade.offset < nextOffset {
                effects.counters.replayed += 1
            } else {
                if let request = accept(trade, into: &effects) {
                    return widen(request, by: trades[position..<end])
                }
                nextOffset = trade.offset + 1
            }
            position += 1
        }
        return nil
    }

    /// Takes in plain trades up to the first that is anything else, or that closes a window.
    ///
    /// - Returns: the position after the last one taken.
    private mutating func takeRun(
        _ trades: [TradeInput], _ start: Int, _ end: Int, into effects: inout Effects
    ) -> Int {
        let input = trades.span
        let maxTradesPerAggregate = rules.maxTradesPerAggregate
        let maxFuture = rules.maxFutureMicros
        let nextEnd = schedule.nextEndMicros
        var time = clock
        var next = nextOffset
        var position = start
        // Held apart for the run: a span of what is inside `self` would bar the way to the rest of it.
        var held: [InstrumentState] = []
        swap(&held, &instruments)
        defer { swap(&held, &instruments) }
        var states = held.mutableSpan
        while position < end {
            let trade = input[position]
            let index = Int(trade.instrument)
            guard trade.offset >= next, index >= 0, index < states.count,
                time.canFollow(trade.eventTimeMicros),
                trade.recordTimestampMicros < 0 || trade.eventTimeMicros - trade.recordTimestampMicros <= maxFuture,
                states[index].takeNext(trade, maxTradesPerAggregate: maxTradesPerAggregate)
            else { break }
            position += 1
            next = trade.offset + 1
            let new = InstrumentState.Pending.all.subtracting(states[index].pending)
            if !new.isEmpty {
                states[index].pending = .all
                if new.contains(.commit) { pendingCommit.append(trade.instrument) }
                if new.contains(.live) { pendingLive.append(trade.instrument) }
            }
            if time.follow(trade.eventTimeMicros), time.watermarkMicros >= nextEnd { break }
        }
        effects.counters.accepted += Int64(position - start)
        nextOffset = next
        clock = time
        return position
    }

    /// Makes one look-up serve the trades that follow.
    private func widen(_ request: HoleRequest, by trades: ArraySlice<TradeInput>) -> HoleRequest {
        let below = instruments[Int(request.instrument)].ids.stored.below
        // Far apart, the holes between them would be loaded for nothing.
        let distance: Int64 = 1_000
        var low = request.ids.lowerBound
        var high = request.ids.upperBound
        for trade in trades where trade.instrument == request.instrument {
            guard trade.tradeID < below, trade.tradeCount > 0, trade.tradeCount <= rules.maxTradesPerAggregate,
                trade.firstTradeID >= 0, trade.firstTradeID >= low - distance, trade.tradeID <= high + distance
            else { continue }
            low = min(low, trade.firstTradeID)
            high = max(high, trade.tradeID)
        }
        return HoleRequest(
            instrument: request.instrument, generation: request.generation, ids: low...high, selection: .around)
    }
}
