import CoreMetrics
import Synchronization

/// What swift-metrics records, kept to be read as Prometheus text.
///
/// Written here because no Prometheus backend of swift-metrics can be had offline; it keeps counters, gauges and
/// histograms with fixed buckets, which is all that the services record.
public final class MetricsRegistry: MetricsFactory, Sendable {
    struct Series: Hashable, Sendable {
        let name: String
        let labels: [Label]

        init(_ label: String, _ dimensions: [(String, String)]) {
            name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
            labels = dimensions.map(Label.init).sorted { $0.name < $1.name }
        }
    }

    struct Label: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// Every instrument of every series. More series than this are dropped, so that a label that grows without end
    /// cannot take the memory.
    static let seriesLimit = 20_000

    private struct Contents {
        var counters: [Series: CounterValue] = [:]
        var gauges: [Series: GaugeValue] = [:]
        var histograms: [Series: HistogramValue] = [:]
        var help: [String: String] = [:]
        var declared: [String: MetricDefinition.Kind] = [:]
        var readers: [@Sendable () -> [MetricReading]] = []

        var count: Int { counters.count + gauges.count + histograms.count }
    }

    private let contents = Mutex(Contents())

    public init() {}

    /// Says in one line what a metric is, for `# HELP`.
    public func describe(_ name: String, _ help: String) { contents.withLock { $0.help[name] = help } }

    /// Says which metrics there are, before anything is recorded.
    ///
    /// - Parameter startsCounters: whether counters without labels begin at 0; not for those that are read.
    public func declare(_ definitions: [MetricDefinition], startsCounters: Bool = true) {
        contents.withLock { contents in
            for definition in definitions {
                contents.help[definition.name] = definition.help
                contents.declared[definition.name] = definition.kind
            }
        }
        guard startsCounters else { return }
        for definition in definitions where definition.kind == .counter && definition.labels.isEmpty {
            _ = counter(Series(definition.name, []))
        }
    }

    /// Asks for further values whenever ``text()`` is called.
    public func read(_ reader: @escaping @Sendable () -> [MetricReading]) {
        contents.withLock { $0.readers.append(reader) }
    }

    /// The current value of a counter, for tests and for pages that show it.
    public func counterValue(_ name: String, labels: [(String, String)] = []) -> Int64 {
        contents.withLock { $0.counters[Series(name, labels)]?.value ?? 0 }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(Series(label, dimensions))
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        AccumulatingCounter(counter(Series(label, dimensions)))
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(Series(label, dimensions))
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(Series(label, dimensions)) : gauge(Series(label, dimensions))
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(Series(label, dimensions))
    }

    // Counters live as long as the process: one that vanished would look like a restart.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// A gauge goes with what it measured: the last value of a partition that is another's by now would be wrong.
    public func destroyRecorder(_ handler: any RecorderHandler) {
        guard let gauge = handler as? GaugeValue else { return }
        contents.withLock { contents in
            if let series = contents.gauges.first(where: { $0.value === gauge })?.key { contents.gauges[series] = nil }
        }
    }
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func counter(_ series: Series) -> CounterValue {
        contents.withLock { contents in
            if let known = contents.counters[series] { return known }
            let value = CounterValue()
            if contents.count < Self.seriesLimit { contents.counters[series] = value }
            return value
        }
    }

    private func gauge(_ series: Series) -> GaugeValue {
        contents.withLock { contents in
            if let known = contents.gauges[series] { return known }
            let value = GaugeValue()
            if contents.count < Self.seriesLimit { contents.gauges[series] = value }
            return value
        }
    }

    private func histogram(_ series: Series) -> HistogramValue {
        contents.withLock { contents in
            if let known = contents.histograms[series] { return known }
            let value = HistogramValue()
            if contents.count < Self.seriesLimit { contents.histograms[series] = value }
            return value
        }
    }

    /// Everything in Prometheus's text format, version 0.0.4.
    public func text() -> String {
        let contents = contents.withLock { $0 }
        let read = contents.readers.flatMap { $0() }.map { reading in
            (Series(reading.name, reading.labels), Exposition.number(reading.value))
        }
        let isCounter = { (series: Series) in contents.declared[series.name] == .counter }
        var exposition = Exposition(help: contents.help, declared: contents.declared)
        exposition.add(
            contents.counters.map { ($0.key, String($0.value.value)) } + read.filter { isCounter($0.0) }, type: .counter
        )
        exposition.add(
            contents.gauges.map { ($0.key, Exposition.number($0.value.value)) } + read.filter { !isCounter($0.0) },
            type: .gauge)
        exposition.add(contents.histograms.map { ($0.key, $0.value.snapshot()) })
        return exposition.text
    }
}
