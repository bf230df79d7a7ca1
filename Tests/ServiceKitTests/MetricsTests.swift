import Foundation
import Metrics
import Testing

@testable import ServiceKit

@Suite struct MetricsTests {
    private func filled() -> MetricsRegistry {
        let registry = MetricsRegistry()
        registry.describe("trades_total", "Trades accepted.")
        Counter(label: "trades_total", dimensions: [("venue", "bin\"ance\n")], factory: registry).increment(by: 3)
        Counter(label: "trades_total", dimensions: [("venue", "kraken")], factory: registry).increment()
        Gauge(label: "watermark_age_seconds", factory: registry).record(1.5)
        let timer = Metrics.Timer(label: "commit_seconds", factory: registry)
        timer.recordMilliseconds(3)
        timer.recordSeconds(120)
        return registry
    }

    @Test func theTextHoldsEverySeriesOnce() {
        let text = filled().text()
        #expect(text.contains("# HELP trades_total Trades accepted.\n# TYPE trades_total counter\n"))
        #expect(text.contains("trades_total{venue=\"bin\\\"ance\\n\"} 3\n"))
        #expect(text.contains("trades_total{venue=\"kraken\"} 1\n"))
        #expect(text.contains("watermark_age_seconds 1.5\n"))
        #expect(text.contains("commit_seconds_bucket{le=\"0.0025\"} 0\ncommit_seconds_bucket{le=\"0.005\"} 1\n"))
        #expect(text.contains("commit_seconds_bucket{le=\"60\"} 1\ncommit_seconds_bucket{le=\"+Inf\"} 2\n"))
        #expect(text.contains("commit_seconds_count 2\n"))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool"), "promtool is not installed"))
    func promtoolFindsNothingWrong() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/promtool")
        process.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(filled().text().utf8))
        try input.fileHandleForWriting.close()
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(words)")
    }

    @Test func oneLabelWithoutEndCannotTakeTheMemory() {
        let registry = MetricsRegistry()
        for number in 0..<(MetricsRegistry.seriesLimit + 100) {
            Counter(label: "c_total", dimensions: [("n", "\(number)")], factory: registry).increment()
        }
        let lines = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == MetricsRegistry.seriesLimit)
    }
}
