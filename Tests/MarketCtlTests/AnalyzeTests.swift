import Foundation
import MarketCore
import Testing

@testable import MarketCtl

/// Figures of the recorded trades' 10 s candles, against those that Python computes.
///
/// The expected numbers are what this says (Python 3; money as fractions):
///
///     import csv, math, statistics
///     from fractions import Fraction as F
///     candles = {}
///     for _, price, quantity, first, last, ms, maker, _ in csv.reader(open(TRADES, newline="")):
///         p, q, start = F(price), F(quantity), int(ms) // 10_000 * 10
///         c = candles.setdefault(start, [p, p, p, p, F(0), F(0), F(0)])
///         c[1], c[2], c[3] = max(c[1], p), min(c[2], p), p
///         c[4] += q; c[5] += p * q; c[6] += q if maker == "False" else 0
///     starts = sorted(candles)   # with a gap: those of 15:13 left out
///     rows = [candles[s] for s in starts]
///     n = (starts[-1] - starts[0]) // 10 + 1
///     before, logs = rows[0][0], []
///     for c in rows: logs.append(math.log(c[3] / before)); before = c[3]
///     windows = logs + [0.0] * (n - len(logs))
///     print(float(rows[-1][3] / rows[0][0] - 1), statistics.fmean(windows), statistics.stdev(windows))
///     print(math.sqrt(sum(r * r for r in logs) * 365 * 86400 / (n * 10)))
///     print(statistics.median(logs), statistics.quantiles(logs, n=20, method="inclusive")[18])
///     top, deepest = rows[0][0], (F(0), F(0), F(0))
///     for c in rows: top = max(top, c[3]); deepest = max(deepest, (1 - c[3] / top, top, c[3]))
///     low, high = min(c[2] for c in rows), max(c[1] for c in rows)
///     h, v = (high - low) / 24, [F(0)] * 24   # each candle's volume spread evenly over its prices
///     for c in rows:
///         for k in range(24):
///             v[k] += c[4] * max(0, min(low + (k + 1) * h, c[1]) - max(low + k * h, c[2])) / (c[1] - c[2])
///     poc = v.index(max(v)); lo = hi = poc
///     while sum(v[lo:hi + 1]) < sum(v) * F(7, 10):
///         up, down = v[hi + 1:hi + 3], v[max(0, lo - 2):lo]
///         if not down or (up and sum(up) >= sum(down)): hi += len(up)
///         else: lo -= len(down)
///     print(deepest, sum(c[4] for c in rows), sum(c[5] for c in rows), sum(c[6] for c in rows), poc, v[poc], lo, hi)
struct AnalyzeTests {
    private func isNear(_ value: Double, _ expected: Double) -> Bool {
        abs(value - expected) <= max(1e-15, abs(expected) * 1e-9)
    }

    @Test func figuresEqualThoseOfPython() async throws {
        let candles = try await RecordedMarket.candles()
        let analysis = try #require(CandleAnalysis(candles, .base, top: 3, bins: 24))
        #expect(candles.count == 50 && analysis.returns.windowCount == 50 && analysis.tradeCount == 1_024)
        #expect(isNear(analysis.returns.total, -0.000_378_157_086_453_712_85))
        #expect(isNear(analysis.returns.mean, -7.564_572_117_517_73e-06))
        #expect(isNear(analysis.returns.standardDeviation, 0.000_106_575_970_358_556_16))
        #expect(isNear(analysis.returns.annualVolatility, 0.187_840_428_737_680_67))
        #expect(isNear(analysis.returns.quantile(0.5), -7.002_786_408_571_943e-07))
        #expect(isNear(analysis.returns.quantile(0.95), 0.000_125_365_029_294_621_74))
        #expect(isNear(analysis.drawdown.depth, 0.000_953_247_480_403_135_5))
        #expect(analysis.drawdown.peak == Price("7144") && analysis.drawdown.trough == Price("7137.19"))
        #expect(analysis.volume == Quantity("78.478314"))
        #expect(analysis.quoteVolume == QuoteAmount("560495.32063198"))
        #expect(analysis.averagePrice == Price("7142.04080164"))
        #expect(isNear(try #require(analysis.buyShare), 0.605_936_080_634_963_7))
        #expect(analysis.profile.pointOfControl == 20)
        #expect(isNear(analysis.profile.steps[20].volume, 7.422_037_928_115_533))
        #expect(analysis.profile.valueArea == 10...22)
        #expect(analysis.moves.map(\.candle.start) == [1_577_978_200, 1_577_978_310, 1_577_977_990])
        #expect(isNear(try #require(analysis.moves.first).change, 0.000_359_942_969_347_424_8))
        #expect(analysis.gaps.isEmpty && analysis.emptyWindowCount == 0)
    }

    @Test func windowsWithoutATradeCountAndAreTold() async throws {
        let minute: Range<Int64> = 1_577_977_980..<1_577_978_040
        let candles = try await RecordedMarket.candles().filter { !minute.contains($0.start) }
        let analysis = try #require(CandleAnalysis(candles, .base, top: 3, bins: 24))
        #expect(candles.count == 44 && analysis.returns.windowCount == 50)
        #expect(isNear(analysis.returns.standardDeviation, 0.000_110_720_093_047_235_87))
        #expect(isNear(analysis.returns.annualVolatility, 0.195_107_795_620_578_17))
        #expect(analysis.emptyWindowCount == 6)
        #expect(analysis.gaps.map(\.start) == [minute.lowerBound])
        #expect(analysis.gaps.map(\.windowCount) == [6])
    }

    @Test func valueAreasGrowByTheHeavierPair() {
        // By hand: 50 of 100 at first; 9 + 8 below against 10 + 1 above; then 10 + 1 above against 2 below.
        let volumes: [Double] = [2, 8, 9, 50, 10, 1, 5, 15]
        #expect(VolumeProfile.valueArea(volumes, around: 3) == 1...5)
        #expect(VolumeProfile.valueArea([7], around: 0) == 0...0)
        #expect(VolumeProfile.valueArea([1, 1, 1, 1], around: 0) == 0...2)
    }

    @Test func reportsHoldWhatWasFoundAndNothingThatRuns() async throws {
        var candles = try await RecordedMarket.candles()
        candles.remove(at: 20)
        let analysis = try #require(CandleAnalysis(candles, .base, top: 3, bins: 24))
        let report = AnalysisReport("<script>\"&'", analysis)
        #expect(report.text.contains(#/maximum drawdown +0\.10 % /#), "\(report.text)")
        #expect(report.text.contains("2020-01-02 15:16:40"))
        let page = HTMLReport(report).text
        #expect(page.contains("&lt;script&gt;&quot;&amp;&#39;, 10s candles"))
        for word in ["<script", "http://", "https://", "src=", "@import", "url(", "nan", "inf"] {
            #expect(!page.lowercased().contains(word), "\(word)")
        }
        #expect(page.components(separatedBy: "<svg role=\"img\"").count == 5)
        for id in ["price", "drawdown", "returns", "profile"] {
            #expect(page.contains("<title id=\"\(id)-title\">") && page.contains("<desc id=\"\(id)-text\">"))
        }
        #expect(page.contains("7142.0"))
        // Well-formed but for its document type, so that no value can have broken out.
        let body = page.replacingOccurrences(of: "<!DOCTYPE html>", with: "")
            .replacing(/<meta ([^>]*)>/) { "<meta \($0.output.1)/>" }
        #expect(XMLCheck.isWellFormed(body))
    }

    @Test func oneCandleAndOnePriceAreEnough() throws {
        let price = try #require(Price("5"))
        let candle = AnalyzedCandle(
            start: 60, open: price, high: price, low: price, close: price, volume: try #require(Quantity("1")),
            quoteVolume: try #require(QuoteAmount("5")), takerBuyVolume: .zero, tradeCount: 1, missingTrades: nil)
        let analysis = try #require(CandleAnalysis([candle], .oneMinute, top: 3, bins: 24))
        #expect(analysis.unknownCount == 1 && analysis.averagePrice == price && analysis.returns.total == 0)
        let report = AnalysisReport("A", analysis)
        #expect(report.text.contains("realised volatility"))
        #expect(!HTMLReport(report).text.lowercased().contains("nan"))
        #expect(CandleAnalysis([], .oneMinute, top: 3, bins: 24) == nil)
    }

    @Test func numbersForPeople() {
        #expect(NumberText.fixed(-0.000_4, 3) == "0.000")
        #expect(NumberText.fixed(1.005_1, 2) == "1.01")
        #expect(NumberText.fixed(-12.5, 0) == "-13")
        #expect(NumberText.change(0.001_5) == "+0.150 %")
        #expect(NumberText.fixed(.nan, 2) == "-")
        #expect(SVGPlot.ticks(0.3...1.9, count: 4).values.map { NumberText.fixed($0, 1) } == ["0.5", "1.0", "1.5"])
    }
}

/// Whether a text is XML.
enum XMLCheck {
    static func isWellFormed(_ text: String) -> Bool {
        var open: [Substring] = []
        for tag in text.matches(of: /<(\/?)([a-z0-9]+)([^<>]*?)(\/?)>/) {
            if tag.output.4 == "/" { continue }
            if tag.output.1 == "" { open.append(tag.output.2) } else if open.popLast() != tag.output.2 { return false }
        }
        return open.isEmpty
    }
}
