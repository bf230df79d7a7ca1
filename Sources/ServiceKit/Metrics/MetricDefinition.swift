/// What a metric is, said before it is first recorded: `/metrics` shows its help from the start, and a counter without
/// labels stands at 0, so that its first increase is seen. docs/METRICS.md lists all of them.
public struct MetricDefinition: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    public let name: String
    public let kind: Kind
    public let labels: [String]
    /// One sentence, for `# HELP`.
    public let help: String

    public init(_ kind: Kind, _ name: String, _ labels: [String] = [], _ help: String) {
        self.kind = kind
        self.name = name
        self.labels = labels
        self.help = help
    }
}
