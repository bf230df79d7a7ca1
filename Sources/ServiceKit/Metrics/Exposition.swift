/// Prometheus's text format, version 0.0.4 (prometheus.io, "Exposition formats").
struct Exposition {
    private(set) var text = ""
    private let help: [String: String]
    private let declared: [String: MetricDefinition.Kind]

    /// - Parameters:
    ///   - help: what a metric is, by its name.
    ///   - declared: metrics that are shown even where nothing is recorded.
    init(help: [String: String], declared: [String: MetricDefinition.Kind] = [:]) {
        self.help = help
        self.declared = declared
    }

    mutating func add(_ series: [(MetricsRegistry.Series, String)], type: MetricDefinition.Kind) {
        for (name, members) in grouped(series, type) {
            addHead(name, type: type)
            for (series, value) in members { text += "\(name)\(Self.labels(series.labels)) \(value)\n" }
        }
    }

    mutating func add(_ series: [(MetricsRegistry.Series, HistogramValue.Snapshot)]) {
        for (name, members) in grouped(series, .histogram) {
            addHead(name, type: .histogram)
            for (series, snapshot) in members {
                var cumulative: Int64 = 0
                for (bound, count) in zip(HistogramValue.bounds, snapshot.counts) {
                    cumulative += count
                    text += "\(name)_bucket\(Self.labels(series.labels, le: Self.number(bound))) \(cumulative)\n"
                }
                text += "\(name)_bucket\(Self.labels(series.labels, le: "+Inf")) \(snapshot.count)\n"
                text += "\(name)_sum\(Self.labels(series.labels)) \(Self.number(snapshot.sum))\n"
                text += "\(name)_count\(Self.labels(series.labels)) \(snapshot.count)\n"
            }
        }
    }

    static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return String(value)
    }

    private mutating func addHead(_ name: String, type: MetricDefinition.Kind) {
        text += "# HELP \(name) \(help[name] ?? String(name.map { $0 == "_" ? " " : $0 }))\n"
        text += "# TYPE \(name) \(type.rawValue)\n"
    }

    private func grouped<Value>(
        _ series: [(MetricsRegistry.Series, Value)], _ type: MetricDefinition.Kind
    ) -> [(String, [(MetricsRegistry.Series, Value)])] {
        var groups = Dictionary(grouping: series) { $0.0.name }
        for (name, kind) in declared where kind == type && groups[name] == nil { groups[name] = [] }
        return groups.sorted { $0.key < $1.key }.map { name, members in
            (name, members.sorted { Self.labels($0.0.labels) < Self.labels($1.0.labels) })
        }
    }

    private static func labels(_ labels: [MetricsRegistry.Label], le bound: String? = nil) -> String {
        var parts = labels.map { label in "\(label.name)=\"\(escaped(label.value))\"" }
        if let bound { parts.append("le=\"\(bound)\"") }
        return parts.isEmpty ? "" : "{" + parts.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
