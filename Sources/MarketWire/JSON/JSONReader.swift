import MarketCore

/// A strict pull parser (RFC 8259) over bytes: no allocation unless a `String` is asked for, bounded depth.
///
/// After ``nextKey()`` or a true ``nextElement()`` exactly one value must be read or skipped; at the end ``end()``
/// makes sure that nothing follows. After an error the reader is of no further use.
public struct JSONReader: ~Escapable {
    /// The document.
    let bytes: RawSpan
    /// The offset of the next byte.
    var position = 0
    private let maxDepth: Int
    private var depth = 0
    /// One bit for each open container, the innermost lowest: whether it has had an element.
    private var begun: UInt64 = 0

    /// - Parameters:
    ///   - bytes: the whole document.
    ///   - maxDepth: arrays and objects inside one another, 1...63.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, maxDepth: Int = 32) {
        self.bytes = bytes
        self.maxDepth = min(max(maxDepth, 1), 63)
    }

    /// The offset of the next byte to read.
    public var offset: Int { position }

    /// The kind of the value that comes next.
    @_lifetime(self: copy self)
    public mutating func peek() throws(JSONError) -> JSONKind {
        skipSpace()
        guard position < bytes.byteCount else { throw JSONError(.syntax, at: position, "the text ends before a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw JSONError(.syntax, at: position, "no value begins like this")
        }
    }

    @_lifetime(self: copy self)
    public mutating func beginObject() throws(JSONError) { try begin(.object, "an object") }

    @_lifetime(self: copy self)
    public mutating func beginArray() throws(JSONError) { try begin(.array, "an array") }

    /// The next member's name: the range of its bytes between the quotes, escapes untouched; nil at the object's end.
    @_lifetime(self: copy self)
    public mutating func nextKey() throws(JSONError) -> Range<Int>? {
        guard try next(closing: UInt8(ascii: "}")) else { return nil }
        guard position < bytes.byteCount, bytes[position] == UInt8(ascii: "\"") else {
            throw JSONError(.syntax, at: position, "a member's name is expected")
        }
        let key = try scanString()
        skipSpace()
        guard position < bytes.byteCount, bytes[position] == UInt8(ascii: ":") else {
            throw JSONError(.syntax, at: position, "':' is expected")
        }
        position += 1
        return key
    }

    /// Whether the array has another element, which then comes next.
    @_lifetime(self: copy self)
    public mutating func nextElement() throws(JSONError) -> Bool { try next(closing: UInt8(ascii: "]")) }

    /// The byte of a name that ``nextKey()`` gave, if it is written as one.
    public func keyLetter(_ range: Range<Int>) -> UInt8? { range.count == 1 ? bytes[range.lowerBound] : nil }

    /// Whether a name that ``nextKey()`` gave is this one, which holds no backslash.
    public func keyEquals(_ range: Range<Int>, _ name: StaticString) -> Bool {
        bytes.holds(name, at: range.lowerBound, count: range.count)
            || mayHoldEscapes(range, insteadOf: name.utf8CodeUnitCount) && unescaped(range) == "\(name)"
    }

    /// Whether a name that ``nextKey()`` gave is this one, which holds no backslash.
    public func keyEquals(_ range: Range<Int>, text name: String) -> Bool {
        bytes.holds(name, at: range.lowerBound, count: range.count)
            || mayHoldEscapes(range, insteadOf: name.utf8.count) && unescaped(range) == name
    }

    /// A string's bytes between the quotes, escapes untouched.
    @_lifetime(self: copy self)
    public mutating func rawString() throws(JSONError) -> Range<Int> {
        try expect(.string, "a string")
        return try scanString()
    }

    /// A string, its escapes resolved.
    @_lifetime(self: copy self)
    public mutating func string() throws(JSONError) -> String {
        try JSONEscapes.unescape(bytes, try rawString())
    }

    /// A name that ``nextKey()`` gave, its escapes resolved.
    public func keyText(_ range: Range<Int>) throws(JSONError) -> String { try JSONEscapes.unescape(bytes, range) }

    /// The bytes of a number's literal.
    @_lifetime(self: copy self)
    public mutating func numberLiteral() throws(JSONError) -> Range<Int> {
        try expect(.number, "a number")
        return try scanNumber()
    }

    /// An integer written without point and exponent.
    @_lifetime(self: copy self)
    public mutating func integer() throws(JSONError) -> Int64 {
        let range = try numberLiteral()
        guard let value = bytes.integer(range) else {
            throw JSONError(.badNumber, at: range.lowerBound, "not an integer of 64 bits")
        }
        return value
    }

    /// An exact decimal, from a string or from a number's literal.
    @_lifetime(self: copy self)
    public mutating func decimal<Number: ExactDecimal>(_ type: Number.Type = Number.self) throws(JSONError) -> Number {
        let range: Range<Int>
        switch try peek() {
        case .string: range = try scanString()
        case .number: range = try scanNumber()
        default: throw JSONError(.wrongType, at: position, "a decimal number is expected, as text or as a number")
        }
        if let fast = FixedPoint.parse(bytes, range, scale: Number.scale),
            let number = Number(scaledValue: Int128(fast))
        {
            return number
        }
        do {
            return try bytes.decimal(range, as: Number.self)
        } catch {
            throw JSONError(.badNumber, at: range.lowerBound, error.description)
        }
    }

    @_lifetime(self: copy self)
    public mutating func bool() throws(JSONError) -> Bool {
        try expect(.bool, "true or false")
        let value = bytes[position] == UInt8(ascii: "t")
        try word(value ? "true" : "false")
        return value
    }

    @_lifetime(self: copy self)
    public mutating func null() throws(JSONError) {
        try expect(.null, "null")
        try word("null")
    }

    /// Whether `null` came next; it is then read.
    @_lifetime(self: copy self)
    public mutating func nullIfPresent() throws(JSONError) -> Bool {
        guard try peek() == .null else { return false }
        try word("null")
        return true
    }

    /// Reads over a value of any kind, as strictly as if it were used.
    @_lifetime(self: copy self)
    public mutating func skipValue() throws(JSONError) {
        let base = depth
        repeat {
            switch try peek() {
            case .object: try beginObject()
            case .array: try beginArray()
            case .string: _ = try scanString()
            case .number: _ = try scanNumber()
            case .bool: _ = try bool()
            case .null: try null()
            }
            // To the next value inside the containers that this one opened, closing those that are at their end.
            while depth > base {
                let isObject = containers & 1 == 1
                if isObject ? try nextKey() != nil : try nextElement() { break }
            }
        } while depth > base
    }

    /// Makes sure that nothing but space follows.
    @_lifetime(self: copy self)
    public mutating func end() throws(JSONError) {
        skipSpace()
        guard position == bytes.byteCount, depth == 0 else {
            throw JSONError(.syntax, at: position, "something follows the value")
        }
    }

    /// Escapes make a name longer, never shorter.
    private func mayHoldEscapes(_ range: Range<Int>, insteadOf count: Int) -> Bool {
        range.count > count && range.contains { bytes[$0] == UInt8(ascii: "\\") }
    }

    private func unescaped(_ range: Range<Int>) -> String? { try? JSONEscapes.unescape(bytes, range) }

    /// One bit for each open container, the innermost lowest: 1 is an object.
    private var containers: UInt64 = 0

    @_lifetime(self: copy self)
    private mutating func begin(_ kind: JSONKind, _ name: String) throws(JSONError) {
        try expect(kind, name)
        guard depth < maxDepth else {
            throw JSONError(.tooDeep, at: position, "more than \(maxDepth) levels of arrays and objects")
        }
        position += 1
        depth += 1
        begun <<= 1
        containers = containers << 1 | (kind == .object ? 1 : 0)
    }

    /// Goes to the next member or element, or over the closing byte.
    @_lifetime(self: copy self)
    private mutating func next(closing: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard position < bytes.byteCount, depth > 0 else {
            throw JSONError(.syntax, at: position, "the text ends inside an array or object")
        }
        if bytes[position] == closing {
            position += 1
            depth -= 1
            begun >>= 1
            containers >>= 1
            return false
        }
        if begun & 1 == 1 {
            guard bytes[position] == UInt8(ascii: ",") else {
                throw JSONError(.syntax, at: position, "',' or the end of the array or object is expected")
            }
            position += 1
            skipSpace()
        }
        begun |= 1
        return true
    }

    @_lifetime(self: copy self)
    private mutating func expect(_ kind: JSONKind, _ name: String) throws(JSONError) {
        guard try peek() == kind else { throw JSONError(.wrongType, at: position, "\(name) is expected") }
    }

    @_lifetime(self: copy self)
    private mutating func word(_ word: StaticString) throws(JSONError) {
        guard bytes.holds(word, at: position) else {
            throw JSONError(.syntax, at: position, "no value begins like this")
        }
        position += word.utf8CodeUnitCount
    }
}
