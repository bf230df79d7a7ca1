public import MarketCore
public import MarketWire

/// Kraken's pairs (Kraken, "Get Tradable Asset Pairs").
public struct KrakenCatalog: VenueCatalog {
    let http: VenueHTTP
    /// `https://api.kraken.com`
    let url: String

    /// REST names bitcoin XBT where the streams say BTC; dogecoin likewise.
    private static let names = ["XBT": "BTC", "XDG": "DOGE"]

    init(http: VenueHTTP, url: String) {
        self.http = http
        self.url = url
    }

    public init(url: String) { self.init(http: VenueHTTP(authoritiesPath: nil), url: url) }

    public func metadata(of instruments: [Instrument]) async throws -> [InstrumentRecord] {
        let answer = try await http.get("\(url)/0/public/AssetPairs")
        guard answer.status == 200, let pairs = try JSONValue(parsing: answer.body)["result"]?.members else {
            throw VenueError(.refused, "Kraken answered \(answer.status): \(answer.excerpt)")
        }
        let wanted = instruments.bySymbol
        return pairs.compactMap { Self.record($0.value, wanted) }
    }

    public func close() async { await http.close() }

    private static func record(_ pair: JSONValue, _ wanted: [String: Instrument]) -> InstrumentRecord? {
        let names = (pair["wsname"]?.text ?? "").split(separator: "/").map { Self.names[String($0)] ?? String($0) }
        guard names.count == 2, let instrument = wanted["\(names[0])/\(names[1])"],
            let tick = pair["tick_size"]?.decimal(Price.self),
            let decimals = pair["lot_decimals"]?.integer, (0...8).contains(decimals)
        else { return nil }
        let step = Quantity(raw: (0..<(8 - decimals)).reduce(1) { value, _ in value * 10 })
        return InstrumentRecord(
            symbol: instrument.key, base: names[0], quote: names[1], tickSize: tick, lotStep: step,
            status: pair["status"]?.text == "online" ? .trading : .halted)
    }
}
