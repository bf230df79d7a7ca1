extension JSONReader {
    @_lifetime(self: copy self)
    mutating func skipSpace() {
        while position < bytes.byteCount {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    /// Reads from the opening quote over the closing one.
    ///
    /// - Returns: what stands between, checked: UTF-8, no control characters, no unknown escapes.
    @_lifetime(self: copy self)
    mutating func scanString() throws(JSONError) -> Range<Int> {
        let start = position + 1
        var index = start
        while index < bytes.byteCount {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                position = index + 1
                return start..<index
            case UInt8(ascii: "\\"):
                index += try JSONEscapes.length(bytes, at: index)
            case 0x20..<0x80:
                index += 1
            case 0x80...0xff:
                guard let length = UTF8Text.sequenceLength(bytes, at: index) else {
                    throw JSONError(.notUTF8, at: index, "not UTF-8")
                }
                index += length
            default:
                throw JSONError(.syntax, at: index, "a control character in a string")
            }
        }
        throw JSONError(.syntax, at: index, "the text ends inside a string")
    }

    /// Reads a number of the form `-?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?`.
    @_lifetime(self: copy self)
    mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = position
        if byte == UInt8(ascii: "-") { position += 1 }
        if byte == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if byte == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return start..<position
    }

    /// The next byte; 0 at the end, which no number holds.
    private var byte: UInt8 { position < bytes.byteCount ? bytes[position] : 0 }

    @_lifetime(self: copy self)
    private mutating func digits() throws(JSONError) {
        let start = position
        while byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw JSONError(.syntax, at: position, "a digit is expected") }
    }
}

/// Well-formed UTF-8.
enum UTF8Text {
    /// The length, 1...4, of the well-formed sequence that begins at `index`.
    static func sequenceLength(_ bytes: RawSpan, at index: Int) -> Int? {
        func follows(_ distance: Int, _ range: ClosedRange<UInt8> = 0x80...0xbf) -> Bool {
            index + distance < bytes.byteCount && range.contains(bytes[index + distance])
        }
        switch bytes[index] {
        case 0x00...0x7f: return 1
        case 0xc2...0xdf: return follows(1) ? 2 : nil
        case 0xe0: return follows(1, 0xa0...0xbf) && follows(2) ? 3 : nil
        case 0xed: return follows(1, 0x80...0x9f) && follows(2) ? 3 : nil
        case 0xe1...0xef: return follows(1) && follows(2) ? 3 : nil
        case 0xf0: return follows(1, 0x90...0xbf) && follows(2) && follows(3) ? 4 : nil
        case 0xf1...0xf3: return follows(1) && follows(2) && follows(3) ? 4 : nil
        case 0xf4: return follows(1, 0x80...0x8f) && follows(2) && follows(3) ? 4 : nil
        default: return nil
        }
    }

    static func isValid(_ bytes: RawSpan) -> Bool {
        var index = 0
        while index < bytes.byteCount {
            guard let length = sequenceLength(bytes, at: index) else { return false }
            index += length
        }
        return true
    }
}
