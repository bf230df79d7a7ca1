import MarketCore
import MarketWire

/// What `GET /api/v3/exchangeInfo` says of instruments (Binance, "General endpoints").
public enum BinanceExchangeInfo {
    /// - Throws: `JSONError` where the body is not JSON; instruments that lack what we need are left out.
    public static func instruments(_ body: [UInt8]) throws -> [InstrumentRecord] {
        let document = try JSONValue(parsing: body)
        return (document["symbols"]?.elements ?? []).compactMap(record)
    }

    private static func record(_ entry: JSONValue) -> InstrumentRecord? {
        guard let text = entry["symbol"]?.text, let base = entry["baseAsset"]?.text,
            let quote = entry["quoteAsset"]?.text,
            let instrument = try? Instrument(venue: Instrument.defaultVenue, symbol: text)
        else { return nil }
        let filters = entry["filters"]?.elements ?? []
        func filter(_ name: String) -> JSONValue? { filters.first { $0["filterType"]?.text == name } }
        guard let tick = filter("PRICE_FILTER")?["tickSize"]?.decimal(Price.self),
            let step = filter("LOT_SIZE")?["stepSize"]?.decimal(Quantity.self)
        else { return nil }
        return InstrumentRecord(
            symbol: instrument.key, base: base, quote: quote, tickSize: tick, lotStep: step,
            status: status(entry["status"]?.text))
    }

    private static func status(_ text: String?) -> InstrumentRecord.Status {
        switch text {
        case "TRADING": .trading
        case "HALT", "BREAK", "AUCTION_MATCH", "PRE_TRADING", "POST_TRADING", "END_OF_DAY": .halted
        default: .unknown
        }
    }
}
