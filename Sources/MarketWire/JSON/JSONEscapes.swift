/// Backslashes in JSON strings.
enum JSONEscapes {
    /// The length of the escape at `index`, where a backslash stands: 2, 6, or 12 for a surrogate pair.
    static func length(_ bytes: RawSpan, at index: Int) throws(JSONError) -> Int {
        guard index + 1 < bytes.byteCount else { throw JSONError(.syntax, at: index, "the text ends inside a string") }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            return try scalar(bytes, at: index).length
        default:
            throw JSONError(.syntax, at: index, "no such escape")
        }
    }

    /// The text of a string's bytes that were scanned before.
    static func unescape(_ bytes: RawSpan, _ range: Range<Int>) throws(JSONError) -> String {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] != UInt8(ascii: "\\") { index += 1 }
        guard index < range.upperBound else { return bytes.text(range) }
        var result = bytes.copied(range.lowerBound..<index)
        result.reserveCapacity(range.count)
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let length = try length(bytes, at: index)
            switch bytes[index + 1] {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                result.append(contentsOf: String(Character(try scalar(bytes, at: index).scalar)).utf8)
            case let literal: result.append(literal)
            }
            index += length
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func scalar(
        _ bytes: RawSpan, at index: Int
    ) throws(JSONError) -> (scalar: Unicode.Scalar, length: Int) {
        let first = try codeUnit(bytes, at: index + 2)
        if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
        // Half of a pair alone is no character.
        guard first < 0xdc00, bytes.holds("\\u", at: index + 6) else {
            throw JSONError(.syntax, at: index, "half of a surrogate pair")
        }
        let second = try codeUnit(bytes, at: index + 8)
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw JSONError(.syntax, at: index, "half of a surrogate pair") }
        return (scalar, 12)
    }

    private static func codeUnit(_ bytes: RawSpan, at index: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.byteCount else {
            throw JSONError(.syntax, at: index, "four hexadecimal digits are expected")
        }
        var value: UInt32 = 0
        for offset in index..<(index + 4) {
            let digit: UInt8
            switch bytes[offset] {
            case let byte where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case let byte where byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"):
                digit = byte - UInt8(ascii: "a") + 10
            case let byte where byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F"):
                digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONError(.syntax, at: offset, "four hexadecimal digits are expected")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
