import MarketCore

#if canImport(Glibc)
import Glibc
#endif

/// How the price changed from window to window, as logarithms: ln(close / close before), of the first candle
/// ln(close / open). In a window without a trade the price did not change: its return is 0.
struct ReturnStatistics: Sendable {
    /// Of each candle, in order.
    let logReturns: [Double]
    /// From the first to the last one, those without a trade included.
    let windowCount: Int
    /// Last close / first open - 1.
    let total: Double
    /// Arithmetic mean of the logarithmic returns.
    let mean: Double
    /// Of the sample: n - 1. 0 for a single window.
    let standardDeviation: Double
    /// Realised volatility for a year: sqrt(sum of squared log returns * year / time observed). No mean is taken off:
    /// the realised variance of T. G. Andersen and T. Bollerslev, "Answering the Skeptics: Yes, Standard Volatility
    /// Models Do Provide Accurate Forecasts", International Economic Review 39 (1998), 885-905. A year has 365 days,
    /// since these markets never close.
    let annualVolatility: Double

    static let yearSeconds = 365.0 * 86_400

    /// - Parameter candles: at least one, oldest first.
    init(_ candles: [AnalyzedCandle], _ interval: Interval) {
        var before = candles.first?.open.approximate ?? 1
        let first = before
        var returns: [Double] = []
        returns.reserveCapacity(candles.count)
        for candle in candles {
            let close = candle.close.approximate
            returns.append(log(close / before))
            before = close
        }
        let span = (candles.last?.start ?? 0) - (candles.first?.start ?? 0)
        let count = max(1, Int(span / interval.seconds) + 1)
        let mean = log(before / first) / Double(count)
        let empty = Double(count - returns.count)
        let squares = returns.reduce(empty * mean * mean) { $0 + ($1 - mean) * ($1 - mean) }
        logReturns = returns
        windowCount = count
        total = before / first - 1
        self.mean = mean
        standardDeviation = count > 1 ? sqrt(squares / Double(count - 1)) : 0
        annualVolatility = sqrt(
            returns.reduce(0) { $0 + $1 * $1 } * Self.yearSeconds / (Double(count) * Double(interval.seconds)))
    }

    /// - Parameter share: 0 to 1; linear between neighbours (type 7 of R. J. Hyndman and Y. Fan, "Sample Quantiles in
    ///   Statistical Packages", The American Statistician 50 (1996), 361-365). Of the candles alone.
    func quantile(_ share: Double) -> Double {
        let sorted = logReturns.sorted()
        guard let last = sorted.last else { return 0 }
        let place = share * Double(sorted.count - 1)
        let low = Int(place)
        guard low + 1 < sorted.count else { return last }
        return sorted[low] + (place - Double(low)) * (sorted[low + 1] - sorted[low])
    }
}

/// The largest loss from a high point to a later low one, both closes (the first candle's open counts too), as a share
/// of the high point.
struct Drawdown: Sendable {
    /// 0 or more.
    let depth: Double
    let peak: Price
    /// Unix seconds: start of the candle.
    let peakStart: Int64
    let trough: Price
    let troughStart: Int64
    /// How far each candle's close lies under the highest point before, 0 to 1.
    let depths: [Double]

    init?(_ candles: [AnalyzedCandle]) {
        guard let first = candles.first else { return nil }
        var top = (price: first.open, start: first.start)
        var worst = (depth: 0.0, peak: top, trough: top)
        var depths: [Double] = []
        depths.reserveCapacity(candles.count)
        for candle in candles {
            if candle.close > top.price { top = (candle.close, candle.start) }
            let depth = 1 - candle.close.approximate / top.price.approximate
            if depth > worst.depth { worst = (depth, top, (candle.close, candle.start)) }
            depths.append(depth)
        }
        self.depths = depths
        depth = worst.depth
        (peak, peakStart) = worst.peak
        (trough, troughStart) = worst.trough
    }
}
