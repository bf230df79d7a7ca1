import MarketCore

/// What every encoder of this module appends.
extension [UInt8] {
    /// Appends decimal digits.
    mutating func appendInteger(_ value: some FixedWidthInteger) {
        if value < 0 { append(UInt8(ascii: "-")) }
        if let magnitude = UInt64(exactly: value.magnitude) {
            appendDigits(magnitude, places: 0)
        } else {
            append(contentsOf: String(value.magnitude).utf8)
        }
    }

    /// Appends money of the topic `trades`: always 8 decimal places.
    mutating func appendEightPlaces(_ value: some ExactDecimal) {
        guard let scaled = UInt64(exactly: value.scaledValue) else {
            return value.append(to: &self, minimumFraction: 8)
        }
        appendDigits(scaled, places: 8)
    }

    mutating func append(_ text: StaticString) { text.withUTF8Buffer { append(contentsOf: $0) } }

    /// Appends text as it stands between a JSON string's quotes.
    mutating func appendEscaped(_ utf8: some Sequence<UInt8>) {
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x0a: append("\\n")
            case 0x0d: append("\\r")
            case 0x09: append("\\t")
            case 0x00..<0x20:
                append("\\u00")
                append(hexadecimalDigit: byte >> 4)
                append(hexadecimalDigit: byte & 15)
            default: append(byte)
            }
        }
    }

    /// Appends the digits of `value` / 10^`places`, with that many behind the point.
    private mutating func appendDigits(_ value: UInt64, places: Int) {
        // 20 digits and a point at most; filled from the end.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { buffer in
            var start = buffer.count
            var rest = value
            repeat {
                if places > 0, buffer.count - start == places {
                    start -= 1
                    buffer[start] = UInt8(ascii: ".")
                }
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
                start -= 1
                buffer[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder)
                rest = quotient
            } while rest != 0 || places > 0 && buffer.count - start < places + 2
            append(contentsOf: UnsafeBufferPointer(rebasing: buffer[start...]))
        }
    }

    private mutating func append(hexadecimalDigit value: UInt8) {
        append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
    }
}
