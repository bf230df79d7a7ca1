import MarketCore
import MarketWire
import WebSockets

/// Binance spot, as many connections as the instruments need (Binance, "WebSocket Streams for Binance": at most 1024
/// streams a connection, 300 attempts to connect in 5 minutes from an address).
public struct BinanceFeed: VenueFeed {
    public struct Configuration: Sendable {
        /// Scheme, host and port: `wss://stream.binance.com:9443`.
        public var webSocketURL: String
        public var kind: BinanceStreamKind
        public var rules = ConnectionRules()
        /// Streams of one connection at most.
        public var streamsPerConnection = 1_024

        public init(webSocketURL: String, kind: BinanceStreamKind) {
            self.webSocketURL = webSocketURL
            self.kind = kind
            // It ends after 24 h.
            rules.longestLife = .seconds(24 * 3_600 - 300)
            // Some are left for others at the same address.
            rules.attempts = AttemptLimit(count: 240, span: .seconds(300))
        }
    }

    public let venue = Instrument.defaultVenue
    public let lines: VenueLines
    private let configuration: Configuration
    private let rest: BinanceREST
    private let wallMicros: @Sendable () -> Int64
    private let random: @Sendable () -> Double
    private let binanceHistory: BinanceHistory

    /// Connections that one feed may have.
    public static let connectionLimit = 20

    /// - Parameters:
    ///   - rest: for metadata and past trades.
    ///   - wallMicros: unix microseconds, for the time of receipt.
    ///   - random: uniform in 0..<1, for the jitter of pauses.
    public init(
        _ configuration: Configuration, rest: BinanceREST, wallMicros: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> Double
    ) {
        self.configuration = configuration
        self.rest = rest
        self.wallMicros = wallMicros
        self.random = random
        lines = VenueLines(venue: venue, size: configuration.streamsPerConnection, limit: Self.connectionLimit)
        binanceHistory = BinanceHistory(
            rest, prefersAggregates: configuration.kind == .aggTrade, wallMicros: wallMicros)
    }

    public var history: (any VenueHistory)? { binanceHistory }

    public var catalog: any VenueCatalog { BinanceCatalog(rest) }

    public func run(_ receiver: some TradeReceiver) async throws {
        try await lines.run(
            BinanceDialect(address: configuration.webSocketURL + "/stream", kind: configuration.kind),
            configuration.rules, wallMicros: wallMicros, random: random, receiver)
    }
}
