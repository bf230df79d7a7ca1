/// A venue and the venue's own symbol.
///
/// The key text is the Kafka record key, the Redis prefix and every `symbol` of the API: the bare symbol for the
/// default
/// venue (`BTCUSDT`), else `venue:symbol` (`kraken:BTC/USD`).
public struct Instrument: Hashable, Sendable, Comparable {
    /// The venue whose symbols are written bare.
    public static let defaultVenue = "binance"

    /// Lower-case name of the exchange, `[a-z0-9_-]{1,16}`.
    public let venue: String
    /// The venue's own symbol, `[A-Z0-9._/-]{1,32}`.
    public let symbol: String

    /// The text by which every contract names the instrument.
    public var key: String { venue == Self.defaultVenue ? symbol : "\(venue):\(symbol)" }

    /// - Throws: ``InstrumentError`` where either part does not hold to its form. Case is folded first.
    public init(venue: String, symbol: String) throws(InstrumentError) {
        // Other alphabets have letters that fold to ASCII ones, like the Kelvin sign: they are not meant.
        guard venue.utf8.allSatisfy({ $0 < 0x80 }) else { throw .malformedVenue(venue) }
        guard symbol.utf8.allSatisfy({ $0 < 0x80 }) else { throw .malformedSymbol(symbol) }
        let venue = venue.lowercased()
        let symbol = symbol.uppercased()
        guard (1...16).contains(venue.utf8.count), venue.utf8.allSatisfy(Self.isVenueByte) else {
            throw .malformedVenue(venue)
        }
        guard (1...32).contains(symbol.utf8.count), symbol.utf8.allSatisfy(Self.isSymbolByte) else {
            throw .malformedSymbol(symbol)
        }
        self.venue = venue
        self.symbol = symbol
    }

    /// Reads a key text, split at the first colon.
    public init(key: some StringProtocol) throws(InstrumentError) {
        if let colon = key.firstIndex(of: ":") {
            try self.init(venue: String(key[..<colon]), symbol: String(key[key.index(after: colon)...]))
        } else {
            try self.init(venue: Self.defaultVenue, symbol: String(key))
        }
    }

    private static func isVenueByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isSymbolByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    public static func < (left: Instrument, right: Instrument) -> Bool { left.key < right.key }
}

extension Instrument: CustomStringConvertible {
    public var description: String { key }
}

/// Why a text names no instrument.
public enum InstrumentError: Error, Hashable, Sendable, CustomStringConvertible {
    case malformedVenue(String)
    case malformedSymbol(String)

    public var description: String {
        switch self {
        case .malformedVenue(let text):
            "'\(text.prefix(64))' is not a venue: 1 to 16 of a-z, 0-9, _ and - are"
        case .malformedSymbol(let text):
            "'\(text.prefix(64))' is not a symbol: 1 to 32 of A-Z, 0-9, '.', '_', '/' and '-' are (for example BTCUSDT)"
        }
    }
}
