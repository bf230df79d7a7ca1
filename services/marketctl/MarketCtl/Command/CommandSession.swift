import KafkaClient
import Logging
import MarketWire
import PostgresClient
import RedisClient
import Schemas
import ServiceKit

/// The connections of one command, closed when it ends. Commands change nothing that a running processor owns: they
/// read, they append records to topics, and they merge where merging is commutative.
struct CommandSession: Sendable {
    let settings: Settings
    let topic: String
    let pool: PostgresPool
    let kafka: KafkaConfiguration

    /// How long a command waits for the broker's answer.
    static let brokerMillis = 15_000

    init(settings: Settings, topic: String, pool: PostgresPool, kafka: KafkaConfiguration) {
        self.settings = settings
        self.topic = topic
        self.pool = pool
        self.kafka = kafka
    }

    /// - Throws: `SettingsError`, `PostgresError` where the URL is none.
    init(_ settings: Settings) throws {
        var database = try PostgresConfiguration(url: settings.value(SharedSettings.postgresURL))
        database.applicationName = "marketctl"
        var options = PostgresPoolOptions()
        options.size = 2
        self.init(
            settings: settings, topic: try settings.value(SharedSettings.kafkaTradesTopic),
            pool: PostgresPool(database, options), kafka: try Self.kafka(settings))
    }

    /// How the broker is reached. What librdkafka complains of repeatedly is in the error that ends the wait.
    static func kafka(_ settings: Settings) throws(SettingsError) -> KafkaConfiguration {
        var logger = Logger(label: "marketctl") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return try KafkaSetup(ServiceContext(name: "marketctl", settings: settings, logger: logger)).configuration
    }

    /// Runs a command's body with its connections.
    ///
    /// - Parameter needsSchema: whether the body asks what only the current schema has.
    /// - Throws: `SettingsError`, `PostgresError`, ``CommandError``, what the body throws.
    static func run(
        _ options: ConnectionOptions, needsSchema: Bool = true, _ body: (CommandSession) async throws -> Void
    ) async throws {
        let session = try CommandSession(try await options.settings())
        do {
            if needsSchema { try await session.checkSchema() }
            try await body(session)
        } catch {
            await session.pool.close()
            throw error
        }
        await session.pool.close()
    }

    /// Runs a body with an admin client of the broker.
    func withAdmin<Result: Sendable>(_ body: (KafkaAdmin) async throws -> Result) async throws -> Result {
        let admin = try KafkaAdmin(kafka)
        do {
            let result = try await body(admin)
            await admin.close()
            return result
        } catch {
            await admin.close()
            throw error
        }
    }

    /// Runs a body with a client of Redis.
    static func withRedis<Result: Sendable>(
        _ settings: Settings, _ body: (RedisClient) async throws -> Result
    ) async throws -> Result {
        let redis = RedisClient(try RedisConfiguration(url: settings.value(SharedSettings.redisURL)))
        do {
            let result = try await body(redis)
            await redis.close()
            return result
        } catch {
            await redis.close()
            throw error
        }
    }

    /// Appends records to the trades topic, each where its key belongs, and waits for the broker's word on each.
    ///
    /// - Returns: partition and offset of each, in order.
    func append(_ records: [(key: String, value: [UInt8])]) async throws(KafkaError) -> [DeliveryReport] {
        let producer = try KafkaProducer(kafka)
        var reports: [DeliveryReport] = []
        let result: Result<Void, KafkaError>
        do throws(KafkaError) {
            for record in records {
                reports.append(
                    try await producer.deliver(
                        topic: topic, key: Array(record.key.utf8), value: record.value,
                        headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)]))
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await producer.close(timeoutMillis: Self.brokerMillis)
        try result.get()
        return reports
    }

    /// A command cannot ask an older schema.
    private func checkSchema() async throws {
        guard case .behind(let missing) = try await Migrator(Schemas.postgres).status(on: pool) else { return }
        throw CommandError("the database's schema lacks migrations \(missing): run marketctl migrate first")
    }
}
