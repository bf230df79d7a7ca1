public import MarketCore
public import MarketWire

/// Coinbase's products (Coinbase Advanced Trade, "List public products").
public struct CoinbaseCatalog: VenueCatalog {
    let http: VenueHTTP
    /// `https://api.coinbase.com`
    let url: String

    init(http: VenueHTTP, url: String) {
        self.http = http
        self.url = url
    }

    public init(url: String) { self.init(http: VenueHTTP(authoritiesPath: nil), url: url) }

    public func metadata(of instruments: [Instrument]) async throws -> [InstrumentRecord] {
        let list = instruments.map { "product_ids=\($0.symbol)" }.joined(separator: "&")
        let answer = try await http.get("\(url)/api/v3/brokerage/market/products?\(list)")
        guard answer.status == 200 else { throw CoinbaseHistory.refusal(answer) }
        let products = try JSONValue(parsing: answer.body)["products"]?.elements ?? []
        return products.compactMap(Self.record)
    }

    public func close() async { await http.close() }

    private static func record(_ product: JSONValue) -> InstrumentRecord? {
        guard let symbol = product["product_id"]?.text,
            let instrument = try? Instrument(venue: CoinbaseFeed.name, symbol: symbol),
            let base = product["base_currency_id"]?.text, let quote = product["quote_currency_id"]?.text,
            let tick = (product["price_increment"] ?? product["quote_increment"])?.decimal(Price.self),
            let step = product["base_increment"]?.decimal(Quantity.self)
        else { return nil }
        let isHalted = product["trading_disabled"]?.isTrue == true
        return InstrumentRecord(
            symbol: instrument.key, base: base, quote: quote, tickSize: tick, lotStep: step,
            status: isHalted ? .halted : product["status"]?.text == "online" ? .trading : .unknown)
    }
}
