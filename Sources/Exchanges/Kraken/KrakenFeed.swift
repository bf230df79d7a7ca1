import MarketCore
import WebSockets

/// Kraken's WebSocket v2 market data, one connection for all instruments.
public struct KrakenFeed: VenueFeed {
    public struct Configuration: Sendable {
        public var webSocketURL = "wss://ws.kraken.com/v2"
        /// For metadata.
        public var restURL = "https://api.kraken.com"
        public var rules = ConnectionRules()

        public init() {}
    }

    public static let name = "kraken"
    public let venue = Self.name
    public let lines = VenueLines(venue: Self.name)
    public let catalog: any VenueCatalog
    private let configuration: Configuration
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
        catalog = KrakenCatalog(
            http: VenueHTTP(authoritiesPath: configuration.rules.authoritiesPath), url: configuration.restURL)
    }

    /// Kraken gives past trades by time only, and without a promise that a page is whole: a hole that the last 50
    /// trades of a new subscription do not fill stays in `missing_trades`.
    public var history: (any VenueHistory)? { nil }

    public func run(_ receiver: some TradeReceiver) async throws {
        try await lines.run(
            KrakenDialect(address: configuration.webSocketURL), configuration.rules, wallMicros: wallMicros,
            random: random, receiver)
    }
}
