import ArgumentParser
import InfluxClient
import KafkaClient
import Logging
import PostgresClient
import RedisClient
import ServiceKit

/// Where the servers are: the settings of the services, or these options.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Kafka's bootstrap servers, host:port. [KAFKA_BROKERS]", valueName: "servers"))
    var kafkaBrokers: String?
    @Option(help: ArgumentHelp("Topic of the trades. [KAFKA_TRADES_TOPIC]", valueName: "topic"))
    var kafkaTradesTopic: String?
    @Option(
        help: ArgumentHelp(
            "PostgreSQL. One with a password belongs in the environment, which ps does not show. [POSTGRES_URL]",
            valueName: "url"))
    var postgresURL: String?
    @Option(help: ArgumentHelp("Redis, redis:// or rediss://. [REDIS_URL]", valueName: "url"))
    var redisURL: String?
    @Option(help: ArgumentHelp("market-api. [API_URL]", valueName: "url"))
    var apiURL: String?
    @Option(help: ArgumentHelp("Binance's REST API, or a simulator's. [BINANCE_REST_URL]", valueName: "url"))
    var binanceRestURL: String?

    /// What was given, as the services' command line has it.
    private var arguments: [String] {
        let given: [(any AnySetting, String?)] = [
            (SharedSettings.kafkaBrokers, kafkaBrokers), (SharedSettings.kafkaTradesTopic, kafkaTradesTopic),
            (SharedSettings.postgresURL, postgresURL), (SharedSettings.redisURL, redisURL),
            (CtlSettings.apiURL, apiURL), (SharedSettings.binanceRESTURL, binanceRestURL),
        ]
        return given.flatMap { setting, text in text.map { [setting.optionName, $0] } ?? [] }
    }

    /// The settings, checked.
    ///
    /// - Throws: `SettingsError`.
    func settings() async throws(SettingsError) -> Settings {
        let settings = try await Settings.load(
            arguments: arguments, environment: ServiceProgram.environment(), dotEnvPath: ".env", known: CtlSettings.all)
        try settings.validate(CtlSettings.all)
        return settings
    }
}

/// What `marketctl` reads. Every other setting of the services is looked up where it is used.
enum CtlSettings {
    static let apiURL = Setting.text(
        "API_URL", help: "market-api, as marketctl reaches it", default: "http://127.0.0.1:8000")

    static let all: [any AnySetting] =
        [
            SharedSettings.postgresURL, SharedSettings.redisURL, SharedSettings.symbols,
            SharedSettings.candleIntervals, apiURL,
        ] + SharedSettings.common + SharedSettings.kafka + SharedSettings.venues + InfluxSettings.all
}
