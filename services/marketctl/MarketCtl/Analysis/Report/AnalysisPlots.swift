import MarketCore

/// The plots of an analysis.
struct AnalysisPlots {
    private let analysis: CandleAnalysis
    private let report: AnalysisReport
    private let columns: [Column]

    /// Candles that share a place on the screen.
    private struct Column {
        let time: Double
        var low: Double
        var high: Double
        var close: Double
        var volume: Double
        var depth: Double
    }

    /// A screen shows no more.
    private static let mostColumns = 420

    init(_ report: AnalysisReport) {
        self.report = report
        analysis = report.analysis
        let range = report.analysis.range
        let count = min(Self.mostColumns, report.analysis.returns.windowCount)
        let width = Double(range.upperBound - range.lowerBound) / Double(count)
        var columns: [Column] = []
        var current = -1
        for (candle, depth) in zip(report.analysis.candles, report.analysis.drawdown.depths) {
            let place = min(count - 1, Int(Double(candle.start - range.lowerBound) / width))
            let (low, high) = (candle.low.approximate, candle.high.approximate)
            if place == current, var last = columns.popLast() {
                last.low = min(last.low, low)
                last.high = max(last.high, high)
                last.close = candle.close.approximate
                last.volume += candle.volume.approximate
                last.depth = max(last.depth, depth)
                columns.append(last)
            } else {
                columns.append(
                    Column(
                        time: Double(range.lowerBound) + (Double(place) + 0.5) * width, low: low, high: high,
                        close: candle.close.approximate, volume: candle.volume.approximate, depth: depth))
            }
            current = place
        }
        self.columns = columns
    }

    private var times: ClosedRange<Double> {
        Double(analysis.range.lowerBound)...Double(analysis.range.upperBound)
    }

    private var columnWidth: Double {
        (times.upperBound - times.lowerBound) / Double(min(Self.mostColumns, analysis.returns.windowCount))
    }

    /// Round instants, with a date where the day is what differs.
    private var timeLabels: [(Double, String)] {
        let span = times.upperBound - times.lowerBound
        let steps: [Double] = [
            10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 172_800, 604_800, 1_209_600,
            2_592_000, 7_776_000, 31_536_000,
        ]
        let step = steps.first { span / $0 <= 8 } ?? span / 6
        let first = (times.lowerBound / step).rounded(.up) * step
        return stride(from: first, through: times.upperBound, by: step).map { value in
            let text = UTCText.time(Int64(value))
            let words = text.split(separator: " ").map(String.init)
            guard step < 86_400 else { return (value, words[0]) }
            let clock = String(words[1].prefix(step < 60 ? 8 : 5))
            return (value, span > 86_400 ? "\(words[0].suffix(5)) \(clock)" : clock)
        }
    }

    private func labels(
        _ range: ClosedRange<Double>, count: Int, _ text: (Double, Int) -> String
    ) -> [(Double, String)] {
        let ticks = SVGPlot.ticks(range, count: count)
        return ticks.values.map { ($0, text($0, NumberText.places(forStep: ticks.step))) }
    }

    /// Closes with the range of their prices, volume below.
    var price: String {
        let low = columns.map(\.low).min() ?? 0
        let high = columns.map(\.high).max() ?? 0
        let most = columns.map(\.volume).max() ?? 0
        // The lowest quarter is the volume's.
        let floor = low - (high - low) / 3
        var plot = SVGPlot(
            id: "price", title: "Price and volume of \(report.symbol)",
            description: "From \(analysis.candles.first?.open.description ?? "-") to "
                + "\(analysis.candles.last?.close.description ?? "-"), lowest "
                + "\(analysis.lowest?.low.description ?? "-"), highest \(analysis.highest?.high.description ?? "-"). "
                + "Bars below show the volume.",
            x: times, y: floor...high, height: 320)
        let full = (high - low) / 3 * 0.85
        for column in columns where most > 0 {
            plot.bar(
                column.time - columnWidth * 0.4...column.time + columnWidth * 0.4,
                floor...floor + full * column.volume / most, "volume")
        }
        plot.verticals(columns.map { ($0.time, $0.low, $0.high) }, "range")
        plot.line(columns.map { ($0.time, $0.close) }, "line")
        let prices = labels(low...max(low, high), count: 6) { NumberText.fixed($0, $1) }
        return plot.text(xLabels: timeLabels, yLabels: prices)
    }

    /// How far closes lie under the highest before.
    var drawdown: String {
        let deepest = max(columns.map(\.depth).max() ?? 0, 1e-9)
        var plot = SVGPlot(
            id: "drawdown", title: "Drawdown of \(report.symbol)",
            description: "At most \(NumberText.percent(analysis.drawdown.depth)) under the highest close before.",
            x: times, y: -deepest...0, height: 170)
        plot.area(columns.map { ($0.time, -$0.depth) }, from: 0, "depth")
        let shares = labels(-deepest...0, count: 4) { NumberText.percent($0, max(0, $1 - 2)) }
        return plot.text(xLabels: timeLabels, yLabels: shares)
    }

    private static let returnBars = 41

    /// How often which return was, those beyond the outermost bars counted in them.
    var returns: String {
        let values = analysis.returns.logReturns
        // The outermost hundredths would press all others together.
        let edge = max(abs(analysis.returns.quantile(0.005)), abs(analysis.returns.quantile(0.995)), 1e-9)
        let width = 2 * edge / Double(Self.returnBars)
        var counts = [Int](repeating: 0, count: Self.returnBars)
        for value in values { counts[min(Self.returnBars - 1, max(0, Int((value + edge) / width)))] += 1 }
        let most = Double(counts.max() ?? 0)
        var plot = SVGPlot(
            id: "returns", title: "Returns per candle of \(report.symbol)",
            description: "Counts of \(values.count) logarithmic returns, median "
                + "\(NumberText.change(analysis.returns.quantile(0.5), 4)), standard deviation "
                + "\(NumberText.percent(analysis.returns.standardDeviation, 4)).",
            x: -edge...edge, y: 0...max(1, most))
        for (index, count) in counts.enumerated() where count > 0 {
            let left = -edge + Double(index) * width
            let middle = left + width / 2
            let style = abs(middle) < width / 2 ? "flat" : middle > 0 ? "gain" : "loss"
            plot.bar(left + width * 0.06...left + width * 0.94, 0...Double(count), style)
        }
        return plot.text(
            xLabels: labels(-edge...edge, count: 8) { NumberText.percent($0, max(0, $1 - 2)) },
            yLabels: labels(0...max(1, most), count: 5) { NumberText.fixed($0, $1) })
    }

    /// Volume by price, the highest price on top.
    var profile: String {
        let profile = analysis.profile
        let most = max(profile.steps.map(\.volume).max() ?? 0, 1e-12)
        let (low, high) = (profile.steps.first?.low ?? 0, profile.steps.last?.high ?? 0)
        let control = profile.steps[profile.pointOfControl]
        let area = (profile.steps[profile.valueArea.lowerBound].low, profile.steps[profile.valueArea.upperBound].high)
        var plot = SVGPlot(
            id: "profile", title: "Volume by price of \(report.symbol)",
            description: "Most was traded at \(report.priceText(control.low, control.high)); 70 % of the volume at "
                + "\(report.priceText(area.0, area.1)).",
            x: 0...most, y: low...high, height: 300)
        for (index, step) in profile.steps.enumerated() {
            let inset = (step.high - step.low) * 0.06
            let style =
                index == profile.pointOfControl ? "control" : profile.valueArea.contains(index) ? "value" : "tail"
            plot.bar(0...step.volume, step.low + inset...max(step.low + inset, step.high - inset), style)
        }
        return plot.text(
            xLabels: labels(0...most, count: 6) { NumberText.fixed($0, $1) },
            yLabels: labels(low...max(low, high), count: 6) { NumberText.fixed($0, $1) })
    }
}
