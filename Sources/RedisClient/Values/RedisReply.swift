/// What the server answered to one command.
public enum RedisReply: Sendable, Hashable {
    /// There is no such thing (nil of the protocol).
    case null
    case integer(Int64)
    /// A short text of the server's own, `OK` for one.
    case status(String)
    /// A value as it was stored.
    case bytes([UInt8])
    case array([RedisReply])
    /// The server refused this command.
    case error(RedisServerError)
}

/// An error as the server sent it.
public struct RedisServerError: Hashable, Sendable {
    /// Its first word, `WRONGTYPE` for one.
    public let code: String
    /// The whole line, code and all.
    public let message: String

    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// From the line that follows the `-` of the protocol.
    init(line: String) {
        self.init(code: line.split(separator: " ", maxSplits: 1).first.map(String.init) ?? "", message: line)
    }
}

extension RedisReply {
    /// A status or a value as UTF-8 text; nil for everything else and for bytes that are not UTF-8.
    public var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// An integer, or a value that is a plain integer.
    public var integerValue: Int64? {
        if case .integer(let value) = self { return value }
        return text.flatMap { Int64($0) }
    }

    /// The elements of an array.
    public var elements: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// Whether the server said that there is no such thing.
    public var isNull: Bool { self == .null }
}

extension RedisReply {
    /// The reply, or the server's error thrown.
    ///
    /// - Throws: ``RedisError/Code/server(_:)``.
    public func orThrow() throws(RedisError) -> RedisReply {
        if case .error(let error) = self { throw RedisError(error) }
        return self
    }

    /// ``text``, which must be there.
    ///
    /// - Throws: ``RedisError/Code/server(_:)`` or ``RedisError/Code/unexpectedReply``.
    public func requireText() throws(RedisError) -> String {
        guard let text = try orThrow().text else { throw unexpected("a text") }
        return text
    }

    /// ``integerValue``, which must be there.
    ///
    /// - Throws: ``RedisError/Code/server(_:)`` or ``RedisError/Code/unexpectedReply``.
    public func requireInteger() throws(RedisError) -> Int64 {
        guard let value = try orThrow().integerValue else { throw unexpected("an integer") }
        return value
    }

    /// ``elements``, which must be there.
    ///
    /// - Throws: ``RedisError/Code/server(_:)`` or ``RedisError/Code/unexpectedReply``.
    public func requireElements() throws(RedisError) -> [RedisReply] {
        guard let elements = try orThrow().elements else { throw unexpected("an array") }
        return elements
    }

    /// The bytes of a value or of a status.
    ///
    /// - Throws: ``RedisError/Code/server(_:)`` or ``RedisError/Code/unexpectedReply``.
    public func requireBytes() throws(RedisError) -> [UInt8] {
        switch try orThrow() {
        case .bytes(let bytes): return bytes
        case .status(let text): return Array(text.utf8)
        default: throw unexpected("bytes")
        }
    }

    /// The fields of a hash, as HGETALL answers; empty when there is no such key.
    ///
    /// - Throws: ``RedisError/Code/server(_:)`` or ``RedisError/Code/unexpectedReply``.
    public func requireFields() throws(RedisError) -> [String: [UInt8]] {
        let elements = try requireElements()
        guard elements.count.isMultiple(of: 2) else { throw unexpected("names and values in turn") }
        var fields: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            fields[try elements[index].requireText()] = try elements[index + 1].requireBytes()
        }
        return fields
    }

    /// Says what came, not what was in it: a value may be long, or nobody's business.
    private func unexpected(_ wanted: String) -> RedisError {
        let found =
            switch self {
            case .null: "nil"
            case .integer: "an integer"
            case .status: "a status"
            case .bytes(let bytes): "\(bytes.count) bytes"
            case .array(let elements): "an array of \(elements.count)"
            case .error: "an error"
            }
        return RedisError(.unexpectedReply, "the server answered with \(found) where \(wanted) was expected")
    }
}
