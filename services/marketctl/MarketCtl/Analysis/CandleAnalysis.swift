import MarketCore

/// Everything that `marketctl analyze` says of a row of candles.
struct CandleAnalysis: Sendable {
    /// A candle with its change from the close before.
    struct Move: Sendable {
        let candle: AnalyzedCandle
        /// Close / close before - 1.
        let change: Double
    }

    /// Windows in a row without a trade.
    struct Gap: Sendable {
        /// Unix seconds.
        let start: Int64
        let windowCount: Int
    }

    let interval: Interval
    let candles: [AnalyzedCandle]
    let returns: ReturnStatistics
    let drawdown: Drawdown
    let profile: VolumeProfile
    /// The largest changes, up or down, first.
    let moves: [Move]
    let emptyWindowCount: Int
    /// The longest first.
    let gaps: [Gap]
    /// Candles that lack trades which are known to exist.
    let incompleteCount: Int
    let missingTrades: Int64
    /// Candles of which it is not known whether they lack trades.
    let unknownCount: Int
    let volume: Quantity
    let quoteVolume: QuoteAmount
    let takerBuyVolume: Quantity
    let tradeCount: Int64

    /// - Returns: nil for no candles, or sums that are out of range.
    init?(_ candles: [AnalyzedCandle], _ interval: Interval, top: Int, bins: Int) {
        guard let drawdown = Drawdown(candles) else { return nil }
        var volume = Quantity.zero
        var quoteVolume = QuoteAmount.zero
        var takerBuyVolume = Quantity.zero
        for candle in candles {
            guard let sum = volume.adding(candle.volume), let quote = quoteVolume.adding(candle.quoteVolume),
                let buy = takerBuyVolume.adding(candle.takerBuyVolume)
            else { return nil }
            (volume, quoteVolume, takerBuyVolume) = (sum, quote, buy)
        }
        self.interval = interval
        self.candles = candles
        self.drawdown = drawdown
        (self.volume, self.quoteVolume, self.takerBuyVolume) = (volume, quoteVolume, takerBuyVolume)
        returns = ReturnStatistics(candles, interval)
        profile = VolumeProfile(candles, steps: bins)
        tradeCount = candles.reduce(0) { $0 + $1.tradeCount }
        var before = candles.first?.open.approximate ?? 1
        let all = candles.map { candle -> Move in
            let close = candle.close.approximate
            defer { before = close }
            return Move(candle: candle, change: close / before - 1)
        }
        moves = Array(all.sorted { abs($0.change) > abs($1.change) }.prefix(top))
        let found = zip(candles, candles.dropFirst()).compactMap { previous, next -> Gap? in
            let start = previous.start + interval.seconds
            guard next.start > start else { return nil }
            return Gap(start: start, windowCount: Int((next.start - start) / interval.seconds))
        }
        emptyWindowCount = found.reduce(0) { $0 + $1.windowCount }
        gaps = Array(found.sorted { ($0.windowCount, $1.start) > ($1.windowCount, $0.start) }.prefix(top))
        incompleteCount = candles.count { $0.missingTrades ?? 0 > 0 }
        missingTrades = candles.reduce(0) { $0 + ($1.missingTrades ?? 0) }
        unknownCount = candles.count { $0.missingTrades == nil }
    }

    /// Start of the first window to end of the last, unix seconds.
    var range: Range<Int64> {
        let first = candles.first?.start ?? 0
        return first..<(candles.last?.start ?? first) + interval.seconds
    }

    /// Volume-weighted average price, rounded to 8 places, halves up; nil where nothing was traded.
    var averagePrice: Price? {
        guard volume.raw > 0 else { return nil }
        let (quotient, remainder) = quoteVolume.raw.quotientAndRemainder(dividingBy: volume.raw)
        return Price(scaledValue: quotient + (remainder >= volume.raw - remainder ? 1 : 0))
    }

    /// How much of the volume's takers bought, 0 to 1; nil where nothing was traded.
    var buyShare: Double? { volume.raw > 0 ? takerBuyVolume.approximate / volume.approximate : nil }

    var highest: AnalyzedCandle? { candles.max { $0.high < $1.high } }

    var lowest: AnalyzedCandle? { candles.min { $0.low < $1.low } }
}
