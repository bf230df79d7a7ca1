import MarketCore

/// The keys that more than one service reads (DESIGN 3.7).
public enum SharedSettings {
    public static let kafkaBrokers = Setting.text(
        "KAFKA_BROKERS", help: "Kafka's bootstrap servers, host:port, comma-separated", default: "127.0.0.1:9092")
    public static let kafkaTradesTopic = Setting.text(
        "KAFKA_TRADES_TOPIC", help: "topic of the trades", default: "trades")
    public static let kafkaCreateTopics = Setting<Bool>.flag(
        "KAFKA_CREATE_TOPICS", help: "create topics that are not there", default: "true")
    public static let kafkaTopicPartitions = Setting.integer(
        "KAFKA_TOPIC_PARTITIONS", in: 1...1_024, help: "partitions of a topic that is created", default: "12")
    public static let kafkaTopicReplication = Setting.integer(
        "KAFKA_TOPIC_REPLICATION", in: 1...9, help: "replicas of a topic that is created", default: "1")
    public static let kafkaTradesRetention = Setting<Duration>.duration(
        "KAFKA_TRADES_RETENTION", help: "how long a created trades topic keeps its records", default: "7d")
    public static let postgresURL = Setting.text(
        "POSTGRES_URL", help: "PostgreSQL, with any libpq option (?sslmode=require)",
        default: "postgresql://market:market@127.0.0.1:5432/market", isSecret: true)
    public static let redisURL = Setting.text(
        "REDIS_URL", help: "Redis, redis:// or rediss:// (TLS)", default: "redis://127.0.0.1:6379/0", isSecret: true)
    public static let symbols = Setting<[Instrument]>(
        "SYMBOLS", help: "instruments to follow: BTCUSDT,kraken:BTC/USD", default: "BTCUSDT"
    ) { text throws(SettingProblem) in
        var instruments: [Instrument] = []
        for part in SettingText.parts(of: text) {
            do {
                let instrument = try Instrument(key: part)
                if !instruments.contains(instrument) { instruments.append(instrument) }
            } catch {
                throw SettingProblem("comma-separated instruments like BTCUSDT; \(error)")
            }
        }
        guard !instruments.isEmpty else { throw SettingProblem("at least one instrument, for example BTCUSDT") }
        return instruments
    }
    public static let candleIntervals = Setting<[Interval]>(
        "CANDLE_INTERVALS", help: "intervals to build; 10s is always among them",
        default: Interval.allCases.map(\.description).joined(separator: ",")
    ) { text throws(SettingProblem) in
        var intervals: Set<Interval> = [.base]
        for part in SettingText.parts(of: text) {
            guard let interval = Interval(part) else {
                throw SettingProblem(
                    "comma-separated intervals of " + Interval.allCases.map(\.description).joined(separator: ", "))
            }
            intervals.insert(interval)
        }
        return intervals.sorted()
    }
    /// Where the data comes from: ids of two sources would mix, so database, Redis and log belong to one.
    public static let marketSource = Setting<String>(
        "MARKET_SOURCE",
        help: "name of the one source this database belongs to; simulator:... marks a simulated market",
        default: "binance"
    ) { text throws(SettingProblem) in
        let isValid = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        guard (1...128).contains(text.utf8.count), isValid else {
            throw SettingProblem("1 to 128 visible ASCII characters")
        }
        return text
    }
    public static let binanceRESTURL = Setting.text(
        "BINANCE_REST_URL", help: "Binance's REST API", default: "https://api.binance.com")
    public static let binanceCAFile = Setting<String>.text(
        "BINANCE_CA_FILE", help: "certificates to trust instead of the system's (PEM)", default: nil)
    public static let coinbaseRESTURL = Setting.text(
        "COINBASE_REST_URL", help: "Coinbase's Advanced Trade REST API", default: "https://api.coinbase.com")
    public static let krakenRESTURL = Setting.text(
        "KRAKEN_REST_URL", help: "Kraken's REST API", default: "https://api.kraken.com")
    public static let metricsHost = Setting.text(
        "METRICS_HOST", help: "address of /metrics, /health and /ready", default: "127.0.0.1")
    public static let metricsPort = Setting.port(
        "METRICS_PORT", help: "port of /metrics, /health and /ready; 0 picks a free one and logs it", default: "9100")
    public static let logLevel = Setting.choice(
        "LOG_LEVEL", of: ["trace", "debug", "info", "notice", "warning", "error", "critical"],
        help: "least severe level that is logged", default: "info")
    public static let logFormat = Setting.choice(
        "LOG_FORMAT", of: ["text", "json"], help: "text for people, json for machines", default: "text")

    /// What every service has.
    public static let common: [any AnySetting] = [logLevel, logFormat, marketSource]
    /// Where venues are asked for their instruments.
    public static let venues: [any AnySetting] = [binanceRESTURL, binanceCAFile, coinbaseRESTURL, krakenRESTURL]
    /// What everything that talks to Kafka has.
    public static let kafka: [any AnySetting] = [
        kafkaBrokers, kafkaTradesTopic, kafkaCreateTopics, kafkaTopicPartitions, kafkaTopicReplication,
        kafkaTradesRetention,
    ]
}

extension String {
    /// Whether a ``SharedSettings/marketSource`` is a simulated market: pages mark it as such.
    public var isSimulatedMarketSource: Bool { hasPrefix("simulator") }
}
