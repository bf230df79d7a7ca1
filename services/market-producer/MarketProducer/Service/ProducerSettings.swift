import Exchanges
import MarketCore
import ServiceKit

/// The producer's configuration, read once.
public struct ProducerSettings: Sendable {
    public static let binanceWebSocketURL = Setting.text(
        "BINANCE_WS_URL", help: "Binance's WebSocket streams: scheme, host and port",
        default: "wss://stream.binance.com:9443")
    public static let binanceWeightLimit = Setting<Int>.integer(
        "BINANCE_WEIGHT_LIMIT", in: 50...1_000_000,
        help: "REST request weight a minute that is used at most, to fetch missed trades; Binance allows 6000",
        default: "4800")
    public static let binanceStream = Setting.choice(
        "BINANCE_STREAM", of: ["trade", "aggTrade"], help: "single trades, or aggregates of one taker order",
        default: "trade")
    public static let coinbaseWebSocketURL = Setting.text(
        "COINBASE_WS_URL", help: "Coinbase's Advanced Trade WebSocket", default: "wss://advanced-trade-ws.coinbase.com")
    public static let coinbaseHistoryURL = Setting.text(
        "COINBASE_HISTORY_URL", help: "Coinbase Exchange's REST API, which gives past trades by id",
        default: "https://api.exchange.coinbase.com")
    public static let krakenWebSocketURL = Setting.text(
        "KRAKEN_WS_URL", help: "Kraken's WebSocket v2", default: "wss://ws.kraken.com/v2")
    public static let staleAfter = Setting<Duration>.duration(
        "STALE_AFTER", in: .seconds(1) ... .seconds(3_600),
        help: "a connection on which nothing at all comes in for this long is made anew", default: "30s")
    public static let producerID = Setting<String>.text(
        "PRODUCER_ID", help: "name of this producer in market.heartbeat", default: "producer-1")
    public static let shard = Setting<ProducerShard>(
        "PRODUCER_SHARD",
        help: "this producer's share of the instruments, where several share them out: 0/3, 1/3 and 2/3",
        default: "0/1"
    ) { text throws(SettingProblem) in
        guard let shard = ProducerShard(text) else {
            throw SettingProblem("a number and how many there are, for example 0/3 for the first of three")
        }
        return shard
    }
    public static let metricsPort = Setting.port(
        "METRICS_PORT", help: SharedSettings.metricsPort.help, default: "9101")

    /// All of them, for `--help`.
    public static let all: [any AnySetting] =
        SharedSettings.kafka + [
            SharedSettings.symbols, SharedSettings.metricsHost, metricsPort, binanceWebSocketURL, binanceWeightLimit,
            binanceStream, coinbaseWebSocketURL, coinbaseHistoryURL, krakenWebSocketURL, staleAfter, producerID, shard,
        ] + SharedSettings.venues

    /// SYMBOLS, whatever this producer's share of them.
    public let instruments: [Instrument]
    public let share: ProducerShard
    public let webSocketURL: String
    public let restURL: String
    public let weightLimit: Int
    public let isAggregated: Bool
    public let coinbase: CoinbaseFeed.Configuration
    public let kraken: KrakenFeed.Configuration
    public let caFile: String?
    public let staleAfter: Duration
    public let producerID: String
    public let source: String

    /// - Throws: `SettingsError`, also where an instrument is of a venue that this producer cannot follow.
    public init(_ settings: Settings) throws(SettingsError) {
        instruments = try settings.value(SharedSettings.symbols)
        share = try settings.value(Self.shard)
        webSocketURL = try settings.value(Self.binanceWebSocketURL)
        restURL = try settings.value(SharedSettings.binanceRESTURL)
        weightLimit = try settings.value(Self.binanceWeightLimit)
        isAggregated = try settings.value(Self.binanceStream) == "aggTrade"
        caFile = try settings.optionalValue(SharedSettings.binanceCAFile)
        let staleAfter = try settings.value(Self.staleAfter)
        self.staleAfter = staleAfter
        var coinbase = CoinbaseFeed.Configuration()
        coinbase.webSocketURL = try settings.value(Self.coinbaseWebSocketURL)
        coinbase.restURL = try settings.value(SharedSettings.coinbaseRESTURL)
        coinbase.historyURL = try settings.value(Self.coinbaseHistoryURL)
        coinbase.rules.staleAfter = staleAfter
        self.coinbase = coinbase
        var kraken = KrakenFeed.Configuration()
        kraken.webSocketURL = try settings.value(Self.krakenWebSocketURL)
        kraken.restURL = try settings.value(SharedSettings.krakenRESTURL)
        kraken.rules.staleAfter = staleAfter
        self.kraken = kraken
        producerID = try settings.value(Self.producerID)
        source = try settings.value(SharedSettings.marketSource)
        if let other = instruments.first(where: { !Self.venues.contains($0.venue) }) {
            throw .unusable(
                SharedSettings.symbols, text: other.key,
                SettingProblem("instruments of Binance (BTCUSDT), coinbase:BTC-USD or kraken:BTC/USD"))
        }
    }

    /// Whose instruments can be followed.
    static let venues: Set<String> = [Instrument.defaultVenue, CoinbaseFeed.name, KrakenFeed.name]
}
