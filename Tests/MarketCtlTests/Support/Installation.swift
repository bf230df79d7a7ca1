import KafkaClient
import PostgresClient
import Schemas
import ServiceKit
import TestServers

@testable import MarketCtl

/// A database of its own with the schema, and a topic of its own, as marketctl is pointed at them.
struct Installation: Sendable {
    let url: String
    let pool: PostgresPool
    let broker: KafkaBroker
    let topic: String

    static func with(_ body: (Installation) async throws -> Void) async throws {
        let broker = try await KafkaBroker.shared.get()
        let topic = try await broker.makeTopic("marketctl", partitions: 4)
        let server = try await PostgresServer.shared.get()
        let url = server.url(database: try await server.createDatabase("marketctl"))
        let configuration = try PostgresConfiguration(url: url)
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration, PostgresPoolOptions())
        do {
            try await body(Installation(url: url, pool: pool, broker: broker, topic: topic))
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    /// Runs a command line.
    ///
    /// - Returns: the exit code.
    func run(_ words: String...) async -> Int32 { await run(words: words) }

    func run(words: [String]) async -> Int32 {
        await MarketCtl.run(
            words + ["--postgres-url", url, "--kafka-brokers", broker.brokers, "--kafka-trades-topic", topic])
    }

    var session: CommandSession {
        CommandSession(settings: Settings([:]), topic: topic, pool: pool, kafka: broker.configuration())
    }

    func count(_ sql: String) async throws -> Int64 {
        try await pool.query("SELECT count(*) AS n FROM \(sql)", isPrepared: false).first?.value("n") ?? -1
    }

    func records() async throws -> [KafkaRecord] {
        let reader = try KafkaReader(broker.configuration(), topic: topic)
        var records: [KafkaRecord] = []
        try await reader.readToEnd(timeoutMillis: 60_000) { records.append($0) }
        await reader.close()
        return records
    }
}
