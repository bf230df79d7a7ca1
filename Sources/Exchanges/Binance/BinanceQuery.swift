import MarketCore
import MarketWire

/// The parameters of a REST request, checked in Binance's order and refused in its words.
public struct BinanceQuery: Sendable {
    private let values: [String: String]

    /// The year 10000, unix microseconds: beyond it sums of times would overflow.
    private static let endOfTime: Int64 = 253_402_300_800_000_000

    /// - Parameters:
    ///   - pairs: names and values, percent-decoded.
    ///   - known: the endpoint's parameters.
    public init(_ pairs: [(String, String)], known: Set<String>) throws(BinanceErrorBody) {
        var values: [String: String] = [:]
        for (name, value) in pairs where known.contains(name) {
            guard values.updateValue(value, forKey: name) == nil else { throw .duplicate(name) }
        }
        guard values.count == pairs.count else { throw .unread(sent: pairs.count, read: values.count) }
        if let name = values.first(where: { $0.value.isEmpty })?.key { throw .empty(name) }
        self.values = values
    }

    public func has(_ name: String) -> Bool { values[name] != nil }

    public func text(_ name: String) -> String? { values[name] }

    /// The mandatory symbol.
    public func symbol() throws(BinanceErrorBody) -> String {
        guard let text = values["symbol"] else { throw .missing("symbol") }
        return try Self.checked(symbol: text, parameter: "symbol")
    }

    /// The symbols that are asked for by `symbol` or `symbols`; nil where neither is given.
    public func symbols() throws(BinanceErrorBody) -> [String]? {
        if has("symbol") {
            guard !has("symbols") else { throw .invalidCombination }
            return [try symbol()]
        }
        guard let list = values["symbols"] else { return nil }
        guard let elements = (try? JSONValue(parsing: Array(list.utf8)))?.elements, !elements.isEmpty else {
            throw .illegalCharacters("symbols", legal: #"^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$"#)
        }
        var symbols: [String] = []
        for element in elements {
            let symbol = try Self.checked(symbol: element.text ?? "", parameter: "symbols")
            guard !symbols.contains(symbol) else { throw .duplicate("symbols") }
            symbols.append(symbol)
        }
        return symbols
    }

    /// A symbol in Binance's form, or a key text with another venue's (`kraken:BTC/USD`).
    private static func checked(symbol text: String, parameter: String) throws(BinanceErrorBody) -> String {
        if text.contains(":"), let instrument = try? Instrument(key: text), instrument.key == text { return text }
        let isLegal =
            (1...20).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
                default: false
                }
            }
        guard isLegal else { throw .illegalCharacters(parameter, legal: "^[A-Z0-9-_.]{1,20}$") }
        return text
    }

    /// A number that is not negative.
    public func integer(_ name: String) throws(BinanceErrorBody) -> Int64? {
        guard let text = values[name] else { return nil }
        guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .illegalCharacters(name, legal: "^[0-9]{1,20}$")
        }
        guard let value = Int64(text) else { throw .notValid(name) }
        return value
    }

    /// A number of rows: 1 or more; more than the maximum gives the maximum.
    public func limit(default standard: Int, max: Int) throws(BinanceErrorBody) -> Int {
        guard let value = try integer("limit") else { return standard }
        guard value > 0 else { throw .notValid("limit") }
        return Int(min(value, Int64(max)))
    }

    /// A time in milliseconds or microseconds, as unix microseconds.
    public func time(_ name: String) throws(BinanceErrorBody) -> Int64? {
        guard let value = try integer(name) else { return nil }
        guard let micros = BinanceTime.micros(value), micros < Self.endOfTime else { throw .notValid(name) }
        return micros
    }
}
