public import MarketCore
public import MarketWire
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

    /// Kraken gives past trades by time only, and without a promise that a page is whole: a hole that the last 50
    /// trades of a new subscription do not fill stays in `missing_trades`.
    public var history: (any VenueHistory)? { nil }

    public func run(_ receiver: some TradeReceiver) async throws {
        try await VenueLine(
            name: venue, dialect: KrakenDialect(address: configuration.webSocketURL, instruments: instruments),
            client: try await configuration.rules.client(), rules: configuration.rules, wallMicros: wallMicros,
            random: random
        ).run(receiver)
    }

    /// REST names bitcoin XBT where the streams say BTC; dogecoin likewise.
    public func metadata() async throws -> [InstrumentRecord] {
        let answer = try await http.get("\(configuration.restURL)/0/public/AssetPairs")
        guard answer.status == 200, let pairs = try JSONValue(parsing: answer.body)["result"]?.members else {
            throw VenueError(.refused, "Kraken answered \(answer.status): \(answer.excerpt)")
        }
        let wanted = Dictionary(instruments.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
        return pairs.compactMap { member in
            let pair = member.value
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

    private static let names = ["XBT": "BTC", "XDG": "DOGE"]

    public func close() async { await http.close() }
}
