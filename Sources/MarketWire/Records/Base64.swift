/// RFC 4648, the usual alphabet with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let group = min(3, bytes.count - index)
            var bits: UInt32 = 0
            for position in 0..<3 {
                bits = bits << 8 | (position < group ? UInt32(bytes[index + position]) : 0)
            }
            for position in 0..<4 {
                let digit = alphabet[Int(bits >> UInt32(18 - 6 * position)) & 63]
                text.append(position <= group ? digit : UInt8(ascii: "="))
            }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes, or nil where the text is not what ``text(_:)`` writes.
    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        for start in stride(from: 0, to: digits.count, by: 4) {
            var bits: UInt32 = 0
            var group = 3
            for position in 0..<4 {
                let digit = digits[start + position]
                if digit == UInt8(ascii: "="), start + 4 == digits.count, position >= 2 {
                    group = min(group, position - 1)
                    bits <<= 6
                } else if let value = value(digit), group == 3 {
                    bits = bits << 6 | value
                } else {
                    return nil
                }
            }
            // Bits that belong to no byte must be 0, else two texts would mean one value.
            guard bits & ((1 << UInt32(8 * (3 - group))) - 1) == 0 else { return nil }
            for position in 0..<group { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * position))) }
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
