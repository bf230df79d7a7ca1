extension Effects {
    /// Adds to what happens to a row.
    mutating func change(
        _ id: CandleID, candle: Candle? = nil, holes: Int64 = 0, unknown: Bool? = nil, closes: Bool = false
    ) {
        guard let index = changeIndex[id] else {
            changeIndex[id] = candleChanges.count
            candleChanges.append(
                CandleChange(id: id, candle: candle, holesDelta: holes, unknown: unknown, closes: closes))
            return
        }
        if let candle {
            if candleChanges[index].candle == nil {
                candleChanges[index].candle = candle
            } else if candleChanges[index].candle?.merge(candle) != true {
                counters.overflows += 1
            }
        }
        candleChanges[index].holesDelta += holes
        if let unknown { candleChanges[index].unknown = unknown }
        if closes { candleChanges[index].closes = true }
    }

    mutating func quarantine(
        _ instrument: Int32, offset: Int64, recordTimestampMicros: Int64, _ reason: QuarantineReason, _ detail: String
    ) {
        quarantined.append(
            QuarantinedRecord(
                instrument: instrument, offset: offset, recordTimestampMicros: recordTimestampMicros, reason: reason,
                detail: detail))
        counters[reason] += 1
    }
}
