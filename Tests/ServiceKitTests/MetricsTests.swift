import Foundation
import Metrics
import Synchronization
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

    @Test func whatIsDeclaredIsShownBeforeItIsRecorded() {
        let registry = MetricsRegistry()
        registry.declare([
            MetricDefinition(.counter, "a_total", [], "Of a."), MetricDefinition(.counter, "b_total", ["x"], "Of b."),
            MetricDefinition(.histogram, "c_seconds", [], "Of c."), MetricDefinition(.gauge, "d", [], "Of d."),
        ])
        #expect(
            registry.text() == """
                # HELP a_total Of a.
                # TYPE a_total counter
                a_total 0
                # HELP b_total Of b.
                # TYPE b_total counter
                # HELP d Of d.
                # TYPE d gauge
                # HELP c_seconds Of c.
                # TYPE c_seconds histogram

                """)
    }

    @Test func readersAreAskedEachTime() {
        let registry = MetricsRegistry()
        registry.declare([MetricDefinition(.counter, "cpu_total", [], "Time.")], startsCounters: false)
        let calls = CallCount()
        registry.read { [MetricReading("cpu_total", [], calls.next()), MetricReading("part", [("name", "x")], 1)] }
        #expect(registry.text().contains("# TYPE cpu_total counter\ncpu_total 1\n"))
        let text = registry.text()
        #expect(text.contains("cpu_total 2\n"))
        #expect(text.contains("# TYPE part gauge\npart{name=\"x\"} 1\n"))
    }

    @Test func aGaugeGoesWithWhatItMeasured() {
        let registry = MetricsRegistry()
        let dimensions = [("partition", "1")]
        Gauge(label: "lag", dimensions: dimensions, factory: registry).record(5)
        #expect(registry.text().contains("lag{partition=\"1\"} 5\n"))
        Gauge(label: "lag", dimensions: dimensions, factory: registry).destroy()
        #expect(!registry.text().contains("lag{"))
        Gauge(label: "lag", dimensions: dimensions, factory: registry).record(6)
        #expect(registry.text().contains("lag{partition=\"1\"} 6\n"))
    }

    @Test func theProcessIsMeasured() throws {
        let readings = ProcessUsage.readings(startedMicros: 1_500_000)
        let values = Dictionary(uniqueKeysWithValues: readings.map { ($0.name, $0.value) })
        #expect(values["process_start_time_seconds"] == 1.5)
        #expect(try #require(values["process_resident_memory_bytes"]) > 1e6)
        #expect(try #require(values["process_threads"]) >= 1)
        #expect(try #require(values["process_open_fds"]) >= 1)
        #expect(try #require(values["process_max_fds"]) >= 16)
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
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

private final class CallCount: Sendable {
    private let count = Mutex(0.0)

    func next() -> Double {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
