import Hummingbird
import MarketCore

/// What stands in a path instead of a name: the router leaves its escapes as they came.
enum PathText {
    /// - Returns: nil where an escape is none, or the bytes are no text.
    static func decoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The instrument whose key stands at a place of the path, `%2F` for `/`.
    ///
    /// - Throws: ``Problem`` where it is none.
    static func instrument(_ context: APIRequestContext, _ name: String = "symbol") throws(Problem) -> Instrument {
        let text = context.parameters.get(name) ?? ""
        do {
            return try Instrument(key: decoded(text) ?? text)
        } catch {
            throw Problem(.invalidParameter, "\(error).", parameter: name)
        }
    }
}
