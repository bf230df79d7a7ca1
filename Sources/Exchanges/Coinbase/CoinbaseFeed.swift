import MarketCore
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
    public let lines = VenueLines(venue: Self.name)
    public let catalog: any VenueCatalog
    private let configuration: Configuration
    private let http: VenueHTTP
    private let wallMicros: @Sendable () -> Int64
    private let random: @Sendable () -> Double

    /// - Parameters:
    ///   - wallMicros: unix microseconds, for the time of receipt.
    ///   - random: uniform in 0..<1, for the jitter of pauses.
    public init(
        _ configuration: Configuration, wallMicros: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> Double
    ) {
        self.configuration = configuration
        self.wallMicros = wallMicros
        self.random = random
        http = VenueHTTP(authoritiesPath: configuration.rules.authoritiesPath)
        catalog = CoinbaseCatalog(http: http, url: configuration.restURL)
    }

    public var history: (any VenueHistory)? {
        CoinbaseHistory(http: http, url: configuration.historyURL, wallMicros: wallMicros)
    }

    public func run(_ receiver: some TradeReceiver) async throws {
        try await lines.run(
            CoinbaseDialect(address: configuration.webSocketURL), configuration.rules, wallMicros: wallMicros,
            random: random, receiver)
    }
}
