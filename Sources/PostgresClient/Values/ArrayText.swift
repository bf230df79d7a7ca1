/// The text form of one-dimensional arrays: `{1,2}`, `{"a \" b",NULL}`.
enum ArrayText {
    /// Reads the elements; an unquoted NULL is given to `decode` as nil.
    ///
    /// - Returns: nil when the text is no such array, or `decode` returns nil for an element.
    static func elements<Element>(of text: Span<UInt8>, _ decode: ([UInt8]?) -> Element?) -> [Element]? {
        guard text.count >= 2, text[0] == UInt8(ascii: "{"), text[text.count - 1] == UInt8(ascii: "}") else {
            return nil
        }
        let end = text.count - 1
        var elements: [Element] = []
        var position = 1
        if position == end { return [] }
        while true {
            guard let literal = nextLiteral(of: text, from: &position, end: end) else { return nil }
            let bytes: [UInt8]? = if case .value(let bytes) = literal { bytes } else { nil }
            guard let element = decode(bytes) else { return nil }
            elements.append(element)
            if position == end { return elements }
            guard text[position] == UInt8(ascii: ",") else { return nil }
            position += 1
        }
    }

    private enum Literal {
        case null
        case value([UInt8])
    }

    /// Reads one element and leaves `position` behind it; nil when it is malformed.
    private static func nextLiteral(of text: Span<UInt8>, from position: inout Int, end: Int) -> Literal? {
        var bytes: [UInt8] = []
        guard position < end else { return nil }
        guard text[position] == UInt8(ascii: "\"") else {
            while position < end, text[position] != UInt8(ascii: ",") {
                // A brace here is an array of arrays, which nothing of ours has.
                if text[position] == UInt8(ascii: "{") { return nil }
                bytes.append(text[position])
                position += 1
            }
            return bytes.elementsEqual("NULL".utf8) ? .null : .value(bytes)
        }
        position += 1
        while position < end, text[position] != UInt8(ascii: "\"") {
            if text[position] == UInt8(ascii: "\\") { position += 1 }
            guard position < end else { return nil }
            bytes.append(text[position])
            position += 1
        }
        guard position < end else { return nil }
        position += 1
        return .value(bytes)
    }
}
