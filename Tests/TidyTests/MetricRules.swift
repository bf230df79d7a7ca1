import Testing

/// Metrics that are recorded are declared, and docs/METRICS.md lists exactly those that are declared: name, type and
/// labels.
enum MetricRules {
    struct Metric: Hashable, CustomStringConvertible {
        let name: String
        let type: String
        let labels: [String]

        var description: String { "\(type) \(name)\(labels)" }
    }

    /// Names that `Counter(label: "...")` and its like record, and `MetricReading("...")`.
    static func recorded(in text: String) -> Set<String> {
        var names: Set<String> = []
        for match in text.matches(of: #/(Counter|Gauge|Timer|Recorder)\(\s*label: "([a-z_]+)"/#) {
            names.insert(String(match.output.2))
        }
        for match in text.matches(of: #/MetricReading\(\s*"([a-z_]+)"/#) { names.insert(String(match.output.1)) }
        return names
    }

    /// `.init(.counter, "name", ["label"], "help")`.
    static func declared(in text: String) -> Set<Metric> {
        let pattern = #/\.init\(\s*\.(counter|gauge|histogram), "([a-z_]+)", \[([a-z_", ]*)\],/#
        return Set(text.matches(of: pattern).map { metric($0.output.2, $0.output.1, $0.output.3) })
    }

    /// `| `name` | counter | unit | `label`, `label` | meaning |`, of a table in Markdown.
    static func documented(in text: String) -> Set<Metric> {
        let pattern = #/\n\| `([a-z_]+)` \| (counter|gauge|histogram) \| [a-z ]+ \| ([a-z_`, ]*) ?\| /#
        return Set(text.matches(of: pattern).map { metric($0.output.1, $0.output.2, $0.output.3) })
    }

    private static func metric(_ name: Substring, _ type: Substring, _ labels: Substring) -> Metric {
        let words = labels.split { !$0.isLetter && $0 != "_" }.map(String.init)
        return Metric(name: String(name), type: String(type), labels: words.sorted())
    }
}

extension TidyTests {
    @Test func everyMetricIsDeclaredAndDocumented() {
        let text = Repository.productPaths.map { Repository.text($0) }.joined(separator: "\n")
        let declared = MetricRules.declared(in: text)
        let recorded = MetricRules.recorded(in: text)
        let documented = MetricRules.documented(in: Repository.text("docs/METRICS.md"))
        #expect(declared.count > 50, "the declarations were not found")
        #expect(recorded.subtracting(declared.map(\.name)) == [], "recorded and not declared")
        #expect(Set(declared.map(\.name)).subtracting(recorded) == [], "declared and never recorded")
        #expect(declared.subtracting(documented) == [], "not in docs/METRICS.md")
        #expect(documented.subtracting(declared) == [], "in docs/METRICS.md only")
    }

    @Test func metricsAreFound() {
        #expect(MetricRules.recorded(in: "Timer(\n label: \"a_b\", x) Gauge(label: c)") == ["a_b"])
        let expected = MetricRules.Metric(name: "a", type: "counter", labels: ["x", "y"])
        #expect(MetricRules.declared(in: ".init(\n  .counter, \"a\", [\"y\", \"x\"],\n \"Help.\"),") == [expected])
        #expect(MetricRules.documented(in: "\n| `a` | counter | trades | `y`, `x` | Help. |") == [expected])
    }
}
