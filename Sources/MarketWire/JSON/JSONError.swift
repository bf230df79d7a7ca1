/// Why bytes are not the JSON that was asked for.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// A byte sequence inside a string that is not UTF-8.
        case notUTF8
        /// Not JSON as RFC 8259 has it.
        case syntax
        /// Arrays and objects inside one another beyond the limit.
        case tooDeep
        /// JSON, but of another kind than asked for.
        case wrongType
        /// A number out of range, or not an integer where one was asked for.
        case badNumber
    }

    public let kind: Kind
    /// Where, in bytes from the beginning.
    public let offset: Int
    /// What was found or expected.
    public let detail: String

    public init(_ kind: Kind, at offset: Int, _ detail: String) {
        self.kind = kind
        self.offset = offset
        self.detail = detail
    }

    public var description: String { "\(detail) at byte \(offset)" }
}

/// The six kinds of JSON values.
public enum JSONKind: Hashable, Sendable {
    case object, array, string, number, bool, null
}
