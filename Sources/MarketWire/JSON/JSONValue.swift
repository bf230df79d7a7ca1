import MarketCore

/// A whole JSON document. Numbers stay the text they were: nothing is rounded.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The literal.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Reads a document, strictly.
    ///
    /// - Parameters:
    ///   - bytes: all of it.
    ///   - maxDepth: arrays and objects inside one another, 1...63.
    public init(parsing bytes: RawSpan, maxDepth: Int = 32) throws(JSONError) {
        var reader = JSONReader(bytes, maxDepth: maxDepth)
        self = try reader.value()
        try reader.end()
    }

    public init(parsing bytes: [UInt8], maxDepth: Int = 32) throws(JSONError) {
        try self.init(parsing: bytes.span.bytes, maxDepth: maxDepth)
    }

    /// The member of this name, of several the last; nil also where this is no object.
    public subscript(_ name: String) -> JSONValue? { members?[name] }

    /// The element at this index; nil also where this is no array or a shorter one.
    public subscript(_ index: Int) -> JSONValue? {
        guard let elements, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var text: String? { if case .string(let text) = self { text } else { nil } }

    public var isTrue: Bool? { if case .bool(let value) = self { value } else { nil } }

    public var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    public var members: JSONObject? { if case .object(let members) = self { members } else { nil } }

    /// A number written without point and exponent that fits 64 bits.
    public var integer: Int64? {
        guard case .number(let literal) = self else { return nil }
        return Array(literal.utf8).span.bytes.integer(0..<literal.utf8.count)
    }

    /// An exact decimal, from a string or from a number's literal.
    public func decimal<Number: ExactDecimal>(_ type: Number.Type = Number.self) -> Number? {
        switch self {
        case .string(let text), .number(let text): try? Number(parsing: text.utf8)
        default: nil
        }
    }
}

/// The members of a JSON object, in the order of the text.
public struct JSONObject: Hashable, Sendable, RandomAccessCollection {
    public struct Member: Hashable, Sendable {
        public let name: String
        public let value: JSONValue
    }

    private var members: [Member] = []

    public init() {}

    public var startIndex: Int { members.startIndex }
    public var endIndex: Int { members.endIndex }
    public subscript(_ position: Int) -> Member { members[position] }

    /// The member of this name, of several the last.
    public subscript(_ name: String) -> JSONValue? { members.last { $0.name == name }?.value }

    mutating func append(_ name: String, _ value: JSONValue) { members.append(Member(name: name, value: value)) }
}

extension JSONReader {
    /// The next value as a tree. The reader's depth limit bounds the recursion.
    @_lifetime(self: copy self)
    public mutating func value() throws(JSONError) -> JSONValue {
        switch try peek() {
        case .null:
            try null()
            return .null
        case .bool: return .bool(try bool())
        case .string: return .string(try string())
        case .number:
            let range = try numberLiteral()
            return .number(bytes.text(range))
        case .array:
            var elements: [JSONValue] = []
            try beginArray()
            while try nextElement() { elements.append(try value()) }
            return .array(elements)
        case .object:
            var members = JSONObject()
            try beginObject()
            while let key = try nextKey() {
                let name = try keyText(key)
                members.append(name, try value())
            }
            return .object(members)
        }
    }
}
