public import MarketCore

/// Which trades a stream carries.
public enum BinanceStreamKind: String, Sendable, Hashable, CaseIterable {
    /// Every trade by itself.
    case trade
    /// The trades of one taker at one price and time as one.
    case aggTrade
}

/// A trade stream; its text is its name, `btcusdt@trade`.
public struct BinanceStream: Hashable, Sendable, CustomStringConvertible {
    /// The venue's symbol, upper case.
    public let symbol: String
    public let kind: BinanceStreamKind

    public init(_ instrument: Instrument, _ kind: BinanceStreamKind) {
        symbol = instrument.symbol
        self.kind = kind
    }

    /// Reads a name; nil where it is none of a trade stream. Binance takes lower case only.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = BinanceStreamKind(rawValue: String(parts[1])) else { return nil }
        guard !parts[0].isEmpty, parts[0].utf8.allSatisfy({ !(0x41...0x5A).contains($0) }) else { return nil }
        symbol = parts[0].uppercased()
        self.kind = kind
    }

    public var description: String { "\(symbol.lowercased())@\(kind.rawValue)" }
}
