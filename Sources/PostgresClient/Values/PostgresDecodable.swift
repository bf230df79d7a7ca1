/// What a column can be read as.
public protocol PostgresDecodable: Sendable {
    /// Reads PostgreSQL's text form; nil when it is none of this type.
    static func decode(postgresText text: Span<UInt8>) -> Self?
}

extension String: PostgresDecodable {
    /// The text form of any type; of `numeric` it is exact.
    public static func decode(postgresText text: Span<UInt8>) -> String? {
        text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

extension Bool: PostgresDecodable {
    public static func decode(postgresText text: Span<UInt8>) -> Bool? {
        guard text.count == 1 else { return nil }
        switch text[0] {
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        default: return nil
        }
    }
}

extension PostgresDecodable where Self: FixedWidthInteger & SignedInteger {
    public static func decode(postgresText text: Span<UInt8>) -> Self? {
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        let first = isNegative ? 1 : 0
        guard text.count > first else { return nil }
        var value: Self = 0
        for index in first..<text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            // Counted downwards: the lowest value has no positive counterpart.
            let (next, underflow) = tenfold.subtractingReportingOverflow(Self(digit))
            if overflow || underflow { return nil }
            value = next
        }
        if isNegative { return value }
        let (positive, overflow) = (0 as Self).subtractingReportingOverflow(value)
        return overflow ? nil : positive
    }
}

extension Int: PostgresDecodable {}
extension Int64: PostgresDecodable {}
extension Int32: PostgresDecodable {}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    /// `bytea` for bytes, a one-dimensional array for everything else.
    public static func decode(postgresText text: Span<UInt8>) -> [Element]? {
        Element.decodeArray(postgresText: text)
    }
}

/// What an array column can be read as the elements of; and bytes, of which an array is a `bytea`.
public protocol PostgresArrayElement: Sendable {
    static func decodeArray(postgresText text: Span<UInt8>) -> [Self]?
}

extension UInt8: PostgresArrayElement {
    /// `\x0a1b`, the hex form that every session of this client asks for.
    public static func decodeArray(postgresText text: Span<UInt8>) -> [UInt8]? {
        guard text.count >= 2, text.count % 2 == 0, text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x") else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 - 1)
        for index in stride(from: 2, to: text.count, by: 2) {
            guard let high = hexDigit(text[index]), let low = hexDigit(text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension String: PostgresArrayElement {
    public static func decodeArray(postgresText text: Span<UInt8>) -> [String]? {
        ArrayText.elements(of: text) { element in element.map { String(decoding: $0, as: UTF8.self) } }
    }
}

extension Int64: PostgresArrayElement {
    public static func decodeArray(postgresText text: Span<UInt8>) -> [Int64]? {
        ArrayText.elements(of: text) { element in element.flatMap { Int64.decode(postgresText: $0.span) } }
    }
}

extension Int32: PostgresArrayElement {
    public static func decodeArray(postgresText text: Span<UInt8>) -> [Int32]? {
        ArrayText.elements(of: text) { element in element.flatMap { Int32.decode(postgresText: $0.span) } }
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement & PostgresDecodable {
    /// An array that may hold NULLs.
    public static func decodeArray(postgresText text: Span<UInt8>) -> [Wrapped?]? {
        ArrayText.elements(of: text) { element in
            guard let element else { return .some(nil) }
            guard let value = Wrapped.decode(postgresText: element.span) else { return nil }
            return .some(value)
        }
    }
}
