extension PartitionState {
    /// No trade's id is as large, so that sums of ids stay in range.
    static let idLimit: Int64 = 1 << 62
    /// The year 2200, unix microseconds: the database keeps no candles from then on.
    static let timeLimitMicros: Int64 = 7_258_118_400_000_000

    /// Takes in any trade.
    ///
    /// - Returns: the stored holes to be loaded before it can be judged; nothing is then changed.
    mutating func accept(_ trade: TradeInput, into effects: inout Effects) -> HoleRequest? {
        let index = Int(trade.instrument)
        if let (reason, detail) = refusal(of: trade) {
            quarantine(trade, reason, detail, into: &effects)
            return nil
        }
        let first = trade.firstTradeID
        let hasQuantity = trade.quantity.raw > 0
        let timeMicros = hasQuantity ? trade.eventTimeMicros : noTime
        switch instruments[index].ids.judge(first, trade.tradeID, timeMicros: timeMicros) {
        case .unknown(let ids):
            return HoleRequest(
                instrument: trade.instrument, generation: instruments[index].ids.generation, ids: ids,
                selection: .around)
        case .duplicate:
            effects.counters.duplicates += 1
            return nil
        case .partial:
            quarantine(
                trade, .partialOverlap, "of the trades \(first) to \(trade.tradeID) some are known and some are not",
                into: &effects)
            return nil
        case .new: break
        }
        let generation = instruments[index].ids.generation
        let candle = Candle(
            price: trade.price, quantity: trade.quantity, takerSide: trade.takerSide,
            first: TradeKey(generation: generation, id: first),
            last: TradeKey(generation: generation, id: trade.tradeID), tradeCount: trade.tradeCount)
        guard let candle, instruments[index].reserve(candle) else {
            quarantine(
                trade, .overflow, "\(trade.quantity) at \(trade.price) is too much to be summed exactly",
                into: &effects)
            return nil
        }
        effects.counters.accepted += 1
        insertIDs(of: trade, index, timeMicros: timeMicros, into: &effects)
        if hasQuantity {
            noteEarliest(index, trade.eventTimeMicros, into: &effects)
            noteLatest(index, trade, generation: generation)
            route(candle, of: trade, into: &effects)
        } else {
            effects.counters.zeroQuantity += 1
        }
        countHoles(index, into: &effects)
        boundWindows(index, into: &effects)
        mark(index, .all)
        clock.advance(trade.eventTimeMicros)
        closeWindows(into: &effects)
        return nil
    }

    /// Why a trade cannot be one of this instrument, whatever ids are known.
    private func refusal(of trade: TradeInput) -> (QuarantineReason, String)? {
        guard trade.instrument >= 0, trade.instrument < instruments.count else {
            return (.implausible, "instrument \(trade.instrument) is not in the partition's table")
        }
        guard trade.tradeCount > 0, trade.tradeCount <= rules.maxTradesPerAggregate else {
            return (
                .implausible,
                "\(trade.tradeCount) trades in one record: 1 to \(rules.maxTradesPerAggregate) are possible"
            )
        }
        guard trade.tradeID >= 0, trade.tradeID < Self.idLimit, trade.firstTradeID >= 0 else {
            return (.implausible, "trade ids \(trade.firstTradeID) to \(trade.tradeID)")
        }
        guard trade.quantity.raw >= 0, trade.price.raw > 0 || trade.quantity.raw == 0, trade.price.raw >= 0 else {
            return (.implausible, "\(trade.quantity) at \(trade.price)")
        }
        let time = trade.eventTimeMicros
        guard time >= 0, time < Self.timeLimitMicros else { return (.implausible, "event time \(time) us") }
        if trade.recordTimestampMicros >= 0, time - trade.recordTimestampMicros > rules.maxFutureMicros {
            let ahead = (time - trade.recordTimestampMicros) / 1_000_000
            return (.futureTime, "event time \(time) us is \(ahead) s ahead of its record's")
        }
        return refusal(ofIDsOf: trade)
    }

    private func refusal(ofIDsOf trade: TradeInput) -> (QuarantineReason, String)? {
        let ids = instruments[Int(trade.instrument)].ids
        guard !ids.isEmpty else { return nil }
        let sinceMicros = trade.eventTimeMicros - ids.highestEventMicros
        if trade.tradeID <= ids.highest {
            guard sinceMicros > rules.idRestartMicros else { return nil }
            return (
                .idRestart,
                "trade \(trade.tradeID) is \(sinceMicros / 1_000_000) s later than \(ids.highest), the highest so far: "
                    + "if the venue numbers anew, start a new generation"
            )
        }
        let jump = trade.tradeID - ids.highest
        let (perTime, overflow) = (max(0, sinceMicros) / 1_000_000).multipliedReportingOverflow(
            by: rules.idJumpPerSecond)
        let (allowed, sumOverflow) = rules.idJumpLimit.addingReportingOverflow(perTime)
        guard !overflow, !sumOverflow, jump > allowed else { return nil }
        return (.idJump, "trade \(trade.tradeID) is \(jump) ids above \(ids.highest), the highest so far")
    }

    private func quarantine(
        _ trade: TradeInput, _ reason: QuarantineReason, _ detail: String, into effects: inout Effects
    ) {
        let isKnown = trade.instrument >= 0 && trade.instrument < instruments.count
        effects.quarantine(
            isKnown ? trade.instrument : ControlRecord.noInstrument, offset: trade.offset,
            recordTimestampMicros: trade.recordTimestampMicros, reason, detail)
    }

    private mutating func noteLatest(_ index: Int, _ trade: TradeInput, generation: Int32) {
        let key = TradeKey(generation: generation, id: trade.tradeID)
        guard instruments[index].latestEventMicros == noTime || instruments[index].latestKey < key else { return }
        instruments[index].latestKey = key
        instruments[index].latestPrice = trade.price
        instruments[index].latestEventMicros = trade.eventTimeMicros
    }
}
