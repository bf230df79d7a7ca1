import MarketCore

/// A candle folded from trades that come in the venue's order: nothing but sums, a first and a last.
struct RecomputedCandle: Sendable {
    let open: Int64
    var high: Int64
    var low: Int64
    var close: Int64
    var volume: Int128 = 0
    var quoteVolume: Int128 = 0
    var takerBuyVolume: Int128 = 0
    var takerBuyQuoteVolume: Int128 = 0
    var tradeCount: Int64 = 0
    let firstTradeID: Int64
    var lastTradeID: Int64

    private init(first trade: VerifiedTrade) {
        open = trade.price
        high = trade.price
        low = trade.price
        close = trade.price
        firstTradeID = trade.firstID
        lastTradeID = trade.lastID
    }

    /// - Returns: false where a sum is out of range.
    private mutating func add(_ trade: VerifiedTrade) -> Bool {
        high = max(high, trade.price)
        low = min(low, trade.price)
        close = trade.price
        lastTradeID = trade.lastID
        tradeCount += trade.lastID - trade.firstID + 1
        let (quote, overflows) = Int128(trade.price).multipliedReportingOverflow(by: trade.quantity)
        guard !overflows, Self.add(trade.quantity, to: &volume), Self.add(quote, to: &quoteVolume) else { return false }
        guard trade.isBuy else { return true }
        return Self.add(trade.quantity, to: &takerBuyVolume) && Self.add(quote, to: &takerBuyQuoteVolume)
    }

    private static func add(_ part: Int128, to sum: inout Int128) -> Bool {
        let (new, overflows) = sum.addingReportingOverflow(part)
        sum = new
        return !overflows
    }

    /// The candles of all windows that have trades.
    ///
    /// - Parameter trades: in the venue's order, each once. One without a quantity is in no candle.
    /// - Returns: by the start of the window, unix seconds.
    /// - Throws: ``CommandError`` where a sum is out of range.
    static func fold(
        _ trades: [VerifiedTrade], _ interval: Interval
    ) throws(CommandError) -> [Int64: RecomputedCandle] {
        var candles: [Int64: RecomputedCandle] = [:]
        for trade in trades where trade.quantity > 0 {
            let start = trade.timeMicros / 1_000_000 / interval.seconds * interval.seconds
            guard candles[start, default: RecomputedCandle(first: trade)].add(trade) else {
                throw CommandError("the trades of \(UTCText.time(start)) are too much to be summed exactly")
            }
        }
        return candles
    }

    func figures(windowStart: Int64) -> CandleFigures {
        CandleFigures(
            windowStart: windowStart,
            texts: [
                Price(raw: open).description, Price(raw: high).description, Price(raw: low).description,
                Price(raw: close).description, Quantity(raw: volume).description,
                QuoteAmount(raw: quoteVolume).description, "\(tradeCount)", Quantity(raw: takerBuyVolume).description,
                QuoteAmount(raw: takerBuyQuoteVolume).description, "\(firstTradeID)", "\(lastTradeID)",
            ])
    }
}
