import MarketCore

/// An analysis as figures and tables with names, for the terminal and for a page.
struct AnalysisReport {
    /// A name, what it is, and a word on how it is meant.
    struct Figure {
        let name: String
        let value: String
        let note: String

        init(_ name: String, _ value: String, _ note: String = "") {
            self.name = name
            self.value = value
            self.note = note
        }
    }

    struct Table {
        let title: String
        let header: [String]
        let rows: [[String]]
        /// Columns that are numbers, aligned to the right on a page.
        let numeric: Set<Int>
    }

    let symbol: String
    let analysis: CandleAnalysis

    init(_ symbol: String, _ analysis: CandleAnalysis) {
        self.symbol = symbol
        self.analysis = analysis
    }

    static let exactness =
        "Prices, volumes and amounts are exact decimals (VWAP rounded to 8 places); returns, volatility, drawdown, "
        + "profile and shares are statistics in floating point."

    var title: String { "\(symbol), \(analysis.interval) candles" }

    var subtitle: String {
        let range = analysis.range
        return "\(UTCText.time(range.lowerBound)) to \(UTCText.time(range.upperBound)) UTC, "
            + "\(analysis.candles.count) candles in \(analysis.returns.windowCount) windows"
    }

    var figures: [Figure] { prices + returns + volumes + completeness }

    private var prices: [Figure] {
        [
            Figure("first open", analysis.candles.first?.open.description ?? "-"),
            Figure("last close", analysis.candles.last?.close.description ?? "-"),
            Figure(
                "highest", analysis.highest?.high.description ?? "-", analysis.highest.map { at($0.start) } ?? ""),
            Figure("lowest", analysis.lowest?.low.description ?? "-", analysis.lowest.map { at($0.start) } ?? ""),
            Figure("VWAP", analysis.averagePrice?.description ?? "-", "quote volume / volume"),
        ]
    }

    private var returns: [Figure] {
        let returns = analysis.returns
        let drawdown = analysis.drawdown
        let spread = [0.05, 0.5, 0.95].map { NumberText.change(returns.quantile($0), 4) }.joined(separator: " / ")
        let ups = returns.logReturns.count { $0 > 0 }
        let downs = returns.logReturns.count { $0 < 0 }
        return [
            Figure("total return", NumberText.change(returns.total), "last close / first open - 1"),
            Figure("mean return per window", NumberText.change(returns.mean, 6), "logarithmic"),
            Figure("its standard deviation", NumberText.percent(returns.standardDeviation, 4), "n - 1"),
            Figure("5 % / median / 95 %", spread, "logarithmic returns of the candles"),
            Figure("up / down", "\(ups) / \(downs)", "candles; unchanged: \(returns.logReturns.count - ups - downs)"),
            Figure(
                "realised volatility", NumberText.percent(returns.annualVolatility), "for a year of 365 days"),
            Figure(
                "maximum drawdown", NumberText.percent(drawdown.depth),
                drawdown.depth > 0
                    ? "\(drawdown.peak) \(at(drawdown.peakStart)) to \(drawdown.trough) \(at(drawdown.troughStart))"
                    : ""),
        ]
    }

    private var volumes: [Figure] {
        let profile = analysis.profile
        let control = profile.steps[profile.pointOfControl]
        let area = (profile.steps[profile.valueArea.lowerBound].low, profile.steps[profile.valueArea.upperBound].high)
        return [
            Figure("volume", analysis.volume.description, "base asset"),
            Figure("quote volume", analysis.quoteVolume.description, "quote asset"),
            Figure("trades", "\(analysis.tradeCount)"),
            Figure(
                "buys / sells",
                analysis.buyShare.map { "\(NumberText.percent($0)) / \(NumberText.percent(1 - $0))" } ?? "-",
                "by the taker's side, of the volume"),
            Figure("point of control", priceText(control.low, control.high), "the step with the most volume"),
            Figure("value area", priceText(area.0, area.1), "70 % of the volume"),
        ]
    }

    private var completeness: [Figure] {
        [
            Figure(
                "windows without a trade", "\(analysis.emptyWindowCount)",
                "of \(analysis.returns.windowCount)"),
            Figure(
                "candles that lack trades", "\(analysis.incompleteCount)", "\(analysis.missingTrades) trades missing"),
            Figure("candles not known to be whole", "\(analysis.unknownCount)", "missing_trades is NULL"),
        ]
    }

    var tables: [Table] {
        let moves = analysis.moves.map { move in
            [
                UTCText.time(move.candle.start), NumberText.change(move.change), move.candle.open.description,
                move.candle.high.description, move.candle.low.description, move.candle.close.description,
                move.candle.volume.description,
            ]
        }
        let gaps = analysis.gaps.map { gap in
            [
                UTCText.time(gap.start), "\(gap.windowCount)",
                UTCText.length(Int64(gap.windowCount) * analysis.interval.seconds),
            ]
        }
        return [
            Table(
                title: "Biggest moves",
                header: ["window (UTC)", "change", "open", "high", "low", "close", "volume"], rows: moves,
                numeric: [1, 2, 3, 4, 5, 6]),
            Table(
                title: "Longest gaps without a trade", header: ["from (UTC)", "windows", "length"], rows: gaps,
                numeric: [1]),
        ]
    }

    /// Edges of the profile's steps, which are no prices of trades: with as many places as they are apart.
    func priceText(_ low: Double, _ high: Double) -> String {
        let places = edgePlaces
        return "\(NumberText.fixed(low, places)) to \(NumberText.fixed(high, places))"
    }

    var edgePlaces: Int {
        let step = analysis.profile.steps.first.map { $0.high - $0.low } ?? 0
        return step > 0 ? min(8, NumberText.places(forStep: step) + 1) : 8
    }

    private func at(_ seconds: Int64) -> String { "at \(UTCText.time(seconds))" }
}
