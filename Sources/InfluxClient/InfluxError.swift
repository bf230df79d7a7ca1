/// Why points did not get to InfluxDB. Holds no secret.
public struct InfluxError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// A setting that cannot be used.
        case configuration
        /// A point that line protocol cannot say.
        case point
        /// No answer.
        case unreachable
        /// An answer that is no success, with its HTTP status.
        case refused(status: Int)
    }

    public let kind: Kind
    /// What happened, in a sentence.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
