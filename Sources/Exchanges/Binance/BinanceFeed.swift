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
        }
    }

    public let venue = Instrument.defaultVenue
    public let instruments: [Instrument]
    let configuration: Configuration
    let rest: BinanceREST
    private let wallMicros: @Sendable () -> Int64
    private let random: @Sendable () -> Double
    private let binanceHistory: BinanceHistory

    /// Connections that one feed may have: with pauses between attempts, all of them stay below 300 in 5 minutes.
    public static let connectionLimit = 20

    /// - Parameters:
    ///   - instruments: of Binance; at most ``connectionLimit`` connections' worth.
    ///   - rest: for metadata and past trades.
    ///   - wallMicros: unix microseconds, for the time of receipt.
    ///   - random: uniform in 0..<1, for the jitter of pauses.
    /// - Throws: ``VenueError`` for more instruments than that.
    public init(
        instruments: [Instrument], configuration: Configuration, rest: BinanceREST,
        wallMicros: @escaping @Sendable () -> Int64, random: @escaping @Sendable () -> Double
    ) throws(VenueError) {
        let limit = Self.connectionLimit * configuration.streamsPerConnection
        guard instruments.count <= limit else {
            throw VenueError(
                .tooMuch,
                "\(instruments.count) instruments, and one producer follows \(limit); share them out among several "
                    + "with PRODUCER_SHARD")
        }
        self.instruments = instruments
        self.configuration = configuration
        self.rest = rest
        self.wallMicros = wallMicros
        self.random = random
        binanceHistory = BinanceHistory(rest, wallMicros: wallMicros)
    }

    public var connections: [VenueConnection] {
        let size = configuration.streamsPerConnection
        return stride(from: 0, to: max(1, instruments.count), by: size).enumerated().map { place, start in
            VenueConnection(
                name: place == 0 ? venue : "\(venue)-\(place + 1)",
                instruments: Array(instruments[start..<min(start + size, instruments.count)]))
        }
    }

    public var history: (any VenueHistory)? { binanceHistory }

    public func close() async { await rest.close() }

    public func run(_ receiver: some TradeReceiver) async throws {
        let client = try await configuration.rules.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for connection in connections {
                let dialect = BinanceDialect(
                    address: configuration.webSocketURL + "/stream", instruments: connection.instruments,
                    kind: configuration.kind)
                let line = VenueLine(
                    name: connection.name, dialect: dialect, client: client, rules: configuration.rules,
                    wallMicros: wallMicros, random: random)
                group.addTask { try await line.run(receiver) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
