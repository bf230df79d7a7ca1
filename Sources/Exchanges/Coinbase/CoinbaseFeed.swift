public import MarketCore
public import MarketWire
import WebSockets

/// Coinbase's Advanced Trade market data, one connection for all instruments.
public struct CoinbaseFeed: VenueFeed {
    public struct Configuration: Sendable {
        public var webSocketURL = "wss://advanced-trade-ws.coinbase.com"
        /// Of the Advanced Trade interface, for metadata.
        public var restURL = "https://api.coinbase.com"
        /// Of the Exchange's interface, which gives past trades by id.
        public var historyURL = "https://api.exchange.coinbase.com"
        public var rules = ConnectionRules()

        public init() {}
    }

    public static let name = "coinbase"
    public let venue = Self.name
    public let instruments: [Instrument]
    private let configuration: Configuration
    private let http: VenueHTTP
    private let wallMicros: @Sendable () -> Int64
    private let random: @Sendable () -> Double

    /// - Parameters:
    ///   - wallMicros: unix microseconds, for the time of receipt.
    ///   - random: uniform in 0..<1, for the jitter of pauses.
    public init(
        instruments: [Instrument], configuration: Configuration, wallMicros: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> Double
    ) {
        self.instruments = instruments
        self.configuration = configuration
        self.wallMicros = wallMicros
        self.random = random
        http = VenueHTTP(authoritiesPath: configuration.rules.authoritiesPath)
    }

    public var history: (any VenueHistory)? {
        CoinbaseHistory(http: http, url: configuration.historyURL, wallMicros: wallMicros)
    }

    public func run(_ receiver: some TradeReceiver) async throws {
        try await VenueLine(
            name: venue, dialect: CoinbaseDialect(address: configuration.webSocketURL, instruments: instruments),
            client: try await configuration.rules.client(), rules: configuration.rules, wallMicros: wallMicros,
            random: random
        ).run(receiver)
    }

    public func metadata() async throws -> [InstrumentRecord] {
        let list = instruments.map { "product_ids=\($0.symbol)" }.joined(separator: "&")
        let answer = try await http.get("\(configuration.restURL)/api/v3/brokerage/market/products?\(list)")
        guard answer.status == 200 else { throw CoinbaseHistory.refusal(answer) }
        let products = try JSONValue(parsing: answer.body)["products"]?.elements ?? []
        return products.compactMap { product in
            guard let symbol = product["product_id"]?.text,
                let instrument = try? Instrument(venue: venue, symbol: symbol),
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

    public func close() async { await http.close() }
}
