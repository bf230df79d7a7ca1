import Exchanges

/// The parameters of a request, checked in Binance's order and refused in its words.
struct RESTQuery {
    private let values: [String: String]

    /// The year 10000, unix microseconds: beyond it sums of times would overflow.
    private static let endOfTime: Int64 = 253_402_300_800_000_000

    /// - Parameters:
    ///   - pairs: names and values, percent-decoded.
    ///   - known: the endpoint's parameters.
    init(_ pairs: [(String, String)], known: Set<String>) throws(BinanceErrorBody) {
        var values: [String: String] = [:]
        for (name, value) in pairs where known.contains(name) {
            guard values.updateValue(value, forKey: name) == nil else { throw .duplicate(name) }
        }
        guard values.count == pairs.count else { throw .unread(sent: pairs.count, read: values.count) }
        if let name = values.first(where: { $0.value.isEmpty })?.key { throw .empty(name) }
        self.values = values
    }

    func has(_ name: String) -> Bool { values[name] != nil }

    func text(_ name: String) -> String? { values[name] }

    /// The index of the mandatory symbol.
    func symbol(of tape: any MarketTape) throws(BinanceErrorBody) -> Int {
        guard let text = values["symbol"] else { throw .missing("symbol") }
        return try Self.index(of: text, in: tape, parameter: "symbol")
    }

    static func index(
        of text: String, in tape: any MarketTape, parameter: String
    ) throws(BinanceErrorBody) -> Int {
        let isLegal =
            (1...20).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
                default: false
                }
            }
        guard isLegal else { throw .illegalCharacters(parameter, legal: "^[A-Z0-9-_.]{1,20}$") }
        guard let index = tape.index(of: text) else { throw .invalidSymbol }
        return index
    }

    /// A number that is not negative.
    func integer(_ name: String) throws(BinanceErrorBody) -> Int64? {
        guard let text = values[name] else { return nil }
        guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .illegalCharacters(name, legal: "^[0-9]{1,20}$")
        }
        guard let value = Int64(text) else { throw .notValid(name) }
        return value
    }

    /// A number of rows: 1 or more; more than the maximum gives the maximum.
    func limit(default standard: Int, max: Int) throws(BinanceErrorBody) -> Int {
        guard let value = try integer("limit") else { return standard }
        guard value > 0 else { throw .notValid("limit") }
        return Int(min(value, Int64(max)))
    }

    /// A time in milliseconds or microseconds, as unix microseconds.
    func time(_ name: String) throws(BinanceErrorBody) -> Int64? {
        guard let value = try integer(name) else { return nil }
        guard let micros = BinanceTime.micros(value), micros < Self.endOfTime else { throw .notValid(name) }
        return micros
    }
}
