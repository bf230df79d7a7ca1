extension InstrumentState {
    /// Trades whose price times quantity (times 10^16) is below 2^96, and their quantity (times 10^8) below 2^63, can
    /// be
    /// summed for ever: 10^9 of them in one window are still in range.
    static let largeLimit: Int128 = 1 << 96

    /// Takes in the most common trade: the next id, a plain size, and the window that is hot.
    ///
    /// - Returns: false where the trade is anything else; nothing is then changed.
    @inline(__always) mutating func takeNext(_ trade: borrowing TradeInput, maxTradesPerAggregate: Int64) -> Bool {
        let count = trade.tradeCount
        let time = trade.eventTimeMicros
        let price = trade.price.raw
        let quantity = Int64(truncatingIfNeeded: trade.quantity.raw)
        let quote = price.multipliedFullWidth(by: quantity)
        guard trade.tradeID > ids.highest, trade.tradeID &- count == ids.highest, count > 0,
            count <= maxTradesPerAggregate,
            time >= hot.startMicros, time < hot.endMicros, time >= earliestMicros, hot.candle.tradeCount > 0,
            price > 0, quantity > 0, Int128(quantity) == trade.quantity.raw, quote.high < 1 << 32,
            ids.lastMicros != noTime
        else { return false }
        let amount = Int128(quote.high) << 64 | Int128(quote.low)
        let key = TradeKey(generation: ids.generation, id: trade.tradeID)
        ids.highest = trade.tradeID
        ids.lastMicros = time
        ids.highestEventMicros = time
        latestPrice = trade.price
        latestKey = key
        latestEventMicros = time
        // Its key is the highest of all, so it closes the candle and cannot open it. The sums cannot overflow, see
        // above.
        if trade.price > hot.candle.high { hot.candle.high = trade.price }
        if trade.price < hot.candle.low { hot.candle.low = trade.price }
        hot.candle.close = trade.price
        hot.candle.last = key
        hot.candle.volume.raw &+= trade.quantity.raw
        hot.candle.quoteVolume.raw &+= amount
        if trade.takerSide == .buy {
            hot.candle.takerBuyVolume.raw &+= trade.quantity.raw
            hot.candle.takerBuyQuoteVolume.raw &+= amount
        }
        hot.candle.tradeCount &+= count
        return true
    }

    /// Makes room in the sums for a trade of any size.
    ///
    /// - Returns: false where sums with it could leave the range of exact numbers.
    mutating func reserve(_ candle: Candle) -> Bool {
        let isLarge = candle.volume.raw >= Self.largeLimit || candle.quoteVolume.raw >= Self.largeLimit
        guard isLarge else { return true }
        let (volume, overflow) = largeVolume.addingReportingOverflow(candle.volume.raw)
        let (quote, quoteOverflow) = largeQuoteVolume.addingReportingOverflow(candle.quoteVolume.raw)
        let limit: Int128 = 1 << 126
        guard !overflow, !quoteOverflow, volume <= limit, quote <= limit else { return false }
        largeVolume = volume
        largeQuoteVolume = quote
        return true
    }
}
