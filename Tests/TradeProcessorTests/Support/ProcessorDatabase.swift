import Logging
import MarketCore
import PostgresClient
import Schemas
import ServiceKit
import TestServers

@testable import TradeProcessor

/// A fresh database with the project's schema, and the processor's own ways of using it.
struct ProcessorDatabase: Sendable {
    let url: String
    let pool: PostgresPool
    let store: ProcessorStore
    let log = LogIdentity(topicID: "log-1", partitionCount: 4)

    /// - Parameter topic: what the store calls the trades topic.
    static func with(topic: String = "trades", _ body: (ProcessorDatabase) async throws -> Void) async throws {
        let server = try await PostgresServer.shared.get()
        let url = server.url(database: try await server.createDatabase("processor"))
        let configuration = try PostgresConfiguration(url: url)
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration, PostgresPoolOptions())
        let database = ProcessorDatabase(url: url, pool: pool, store: ProcessorStore(pool: pool, topic: topic))
        do { try await body(database) } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    func committer() -> Committer {
        Committer(
            store: store, time: .system, health: HealthBoard(), logger: Logger(label: "test"), random: { 0.5 })
    }

    func claim(_ partition: Int32) async throws -> PartitionClaim {
        try await store.claim(partition: partition, owner: RandomUUID.text(), log: log, firstOffset: 0)
    }

    func count(_ sql: String) async throws -> Int64 {
        try await pool.query("SELECT count(*) AS n FROM \(sql)", isPrepared: false).first?.value("n") ?? -1
    }
}
