import MarketCore
import MarketWire
import NIOCore
import WebSockets

/// Binance spot, as many connections as the instruments need (Binance, "WebSocket Streams for Binance": at most 1024
/// streams a connection, 300 attempts to connect in 5 minutes from an address).
public struct BinanceFeed: VenueFeed {
    public struct Configuration: Sendable {
        /// Scheme, host and port: `wss://stream.binance.com:9443`.
        public var webSocketURL: String
        public var kind: BinanceStreamKind
        /// Certificates to trust instead of the system's (PEM file).
        public var authoritiesPath: String?
        /// A connection on which nothing at all comes in for this long is made anew.
        public var staleAfter: Duration = .seconds(30)
        /// After this a second connection is made, before Binance ends the first after 24 h.
        public var longestLife: Duration = .seconds(24 * 3_600 - 300)
        /// A connection that is younger is not replaced before its end: where each new one says at once that it will
        /// end, the pauses of the backoff hold.
        public var replacedAfter: Duration = .seconds(10)
        /// Streams of one connection at most.
        public var streamsPerConnection = 1_024
        public var backoffFirst: Duration = .milliseconds(500)
        public var backoffLongest: Duration = .seconds(30)

        public init(webSocketURL: String, kind: BinanceStreamKind, authoritiesPath: String? = nil) {
            self.webSocketURL = webSocketURL
            self.kind = kind
            self.authoritiesPath = authoritiesPath
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

    public func run(_ receiver: some TradeReceiver) async throws {
        var settings = WebSocketClientConfiguration()
        settings.authoritiesPath = configuration.authoritiesPath
        let client = try await WebSocketClient(settings)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for connection in connections {
                let line = BinanceLine(
                    name: connection.name, instruments: connection.instruments, client: client,
                    configuration: configuration, wallMicros: wallMicros, random: random)
                group.addTask { try await line.run(receiver) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
