import KafkaClient
import Logging
import PostgresClient
import RedisClient
import Schemas
import ServiceKit

/// The servers that the processor stands on, connected, migrated and checked to belong together.
struct ProcessorStores: Sendable {
    let pool: PostgresPool
    /// What the pool connects by, for a connection beside it.
    let database: PostgresConfiguration
    let redis: RedisClient
    let admin: KafkaAdmin
    let kafka: KafkaSetup
    let catalog: TopicCatalog
    /// Partitions that the topics have, whoever made them: `KAFKA_TOPIC_PARTITIONS` is for new ones only.
    let tradesPartitions: Int32
    let candlesPartitions: Int32

    /// Waits for PostgreSQL and Kafka as long as it takes; Redis may come later.
    ///
    /// - Throws: ``SourceMismatchError``, ``SchemaError``, `SettingsError`, `CancellationError`.
    static func open(_ context: ServiceContext, _ settings: ProcessorSettings) async throws -> ProcessorStores {
        let configuration = try PostgresConfiguration(url: context.settings.value(SharedSettings.postgresURL))
        let pool = PostgresPool(configuration, PostgresPoolOptions())
        let logger = context.logger(for: "redis")
        let redis = RedisClient(
            try RedisConfiguration(url: context.settings.value(SharedSettings.redisURL))
        ) { event in
            switch event {
            case .connected: logger.info("connected")
            case .disconnected(let error, _): logger.warning("not connected", metadata: ["error": "\(error)"])
            case .closed: break
            }
        }
        let kafka = try KafkaSetup(context)
        let catalog = try TopicCatalog(context.settings)
        let admin = try KafkaAdmin(kafka.configuration)
        async let topics: Void = kafka.ensureTopics(
            [
                catalog.trades, catalog.source, catalog.candles, catalog.quarantine, catalog.progress,
                catalog.instruments, catalog.subscriptions,
            ], mayCreate: catalog.mayCreate, through: admin, health: context.health)
        try await prepareSchema(pool, configuration, context)
        try await checkSource(pool, redis, settings.source, context)
        try await topics
        // The log is marked by those alone whose database is of the same source.
        async let isOurs: Void = kafka.claimLog(of: settings.source, catalog: catalog, health: context.health)
        async let tradesPartitions = partitions(of: catalog.trades, admin)
        async let candlesPartitions = partitions(of: catalog.candles, admin)
        let stores = ProcessorStores(
            pool: pool, database: configuration, redis: redis, admin: admin, kafka: kafka, catalog: catalog,
            tradesPartitions: try await tradesPartitions, candlesPartitions: try await candlesPartitions)
        try await isOurs
        return stores
    }

    private static func partitions(of topic: TopicDefinition, _ admin: KafkaAdmin) async throws -> Int32 {
        while true {
            try Task.checkCancellation()
            if let count = try? await admin.partitionCount(of: topic.name) { return Int32(count) }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    func close() async {
        await admin.close(timeoutMillis: 1_000)
        await redis.close()
        await pool.close()
    }

    private static func prepareSchema(
        _ pool: PostgresPool, _ configuration: PostgresConfiguration, _ context: ServiceContext
    ) async throws {
        let migrator = Migrator(Schemas.postgres)
        let mayMigrate = try context.settings.value(ProcessorSettings.migrate) == "auto"
        var attempt = 0
        while true {
            try Task.checkCancellation()
            do throws(PostgresError) {
                if mayMigrate {
                    let applied = try await migrator.apply(using: configuration)
                    if !applied.isEmpty { context.logger.info("schema migrated", metadata: ["to": "\(applied)"]) }
                }
                switch try await migrator.status(on: pool) {
                case .current, .ahead:
                    context.health.set("postgres", .ok)
                    return
                case .behind(let missing):
                    wait(
                        "the schema lacks migrations \(missing): run marketctl migrate, or set MIGRATE=auto",
                        attempt, context)
                }
            } catch {
                // Told to stop: that is no fault of the schema.
                try Task.checkCancellation()
                guard error.isTransient else { throw SchemaError(cause: error) }
                wait("PostgreSQL cannot be used: \(error)", attempt, context)
            }
            attempt += 1
            try await Task.sleep(for: .milliseconds(min(5_000, 100 << min(attempt, 6))))
        }
    }

    private static func wait(_ reason: String, _ attempt: Int, _ context: ServiceContext) {
        context.health.set("postgres", .starting(reason))
        if attempt == 2 || (attempt > 0 && attempt.isMultiple(of: 20)) { context.logger.warning("waiting: \(reason)") }
    }

    /// One database, one source: ids of two would mix.
    private static func checkSource(
        _ pool: PostgresPool, _ redis: RedisClient, _ source: String, _ context: ServiceContext
    ) async throws {
        let found: String
        do {
            found = try await ProcessorStore(pool: pool, topic: "").claimSource(source)
        } catch {
            try Task.checkCancellation()
            throw error
        }
        try SourceMismatchError.check(found, own: source, in: "PostgreSQL")
        // Redis holds nothing that cannot be rebuilt: one that is down is asked by nobody here.
        guard
            let reply = try? await redis.send([
                RedisCommand(["SET", "market:source", source, "NX"]), ["GET", "market:source"],
            ]),
            let inRedis = reply.last?.text
        else { return }
        try SourceMismatchError.check(inRedis, own: source, in: "Redis")
    }
}

/// The schema cannot be brought up to date.
struct SchemaError: Error, CustomStringConvertible {
    let cause: PostgresError

    var description: String { "the schema cannot be brought up to date: \(cause)" }
}
