import PostgresClient
import Schemas
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct MigratorTests {
    @Test func theSchemaIsAppliedOnceByWhoeverComesFirst() async throws {
        let database = try await TestDatabase.empty("migrator")
        let pool = PostgresPool(try database.configuration())
        let migrator = Migrator(Schemas.postgres)
        let all = Schemas.postgres.map(\.number)
        #expect(try await migrator.status(on: pool) == .behind(all))
        let configuration = try database.configuration()
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 { group.addTask { try await migrator.apply(using: configuration) } }
            var applied: [Int] = []
            for try await numbers in group { applied += numbers }
            return applied
        }
        #expect(applied.sorted() == all)
        #expect(try await migrator.apply(using: configuration) == [])
        #expect(try await migrator.status(on: pool) == .current)
        let newest = try await pool.query("SELECT * FROM candles_10s ORDER BY id DESC LIMIT 5")
        #expect(newest.isEmpty)
        #expect(
            newest.columns.starts(with: [
                "id", "symbol", "interval", "window_start", "open", "high", "low", "close", "volume", "quote_volume",
                "trade_count", "taker_buy_volume", "taker_buy_quote_volume", "first_trade_id", "last_trade_id",
                "missing_trades", "revision", "updated_at",
            ]))
        await pool.close()
    }

    @Test func aMigrationThatFailsLeavesNothingOfItself() async throws {
        let database = try await TestDatabase.empty("migrator")
        let pool = PostgresPool(try database.configuration())
        let good = (number: 1, name: "good", sql: "CREATE TABLE a (n integer); CREATE TABLE b (n integer)")
        let bad = (number: 2, name: "bad", sql: "CREATE TABLE c (n integer); SELECT no_such_function()")
        let configuration = try database.configuration()
        let error = try await postgresError { () throws(PostgresError) in
            try await Migrator([bad, good]).apply(using: configuration)
        }
        #expect(error.message.hasPrefix("migration 2 (bad)"))
        #expect(error.kind == .sqlSyntax)
        let tables = try await pool.query(
            "SELECT relname FROM pg_class WHERE relname IN ('a', 'b', 'c') AND relkind = 'r' ORDER BY 1")
        #expect(try tables.map { try $0.value(0, as: String.self) } == ["a", "b"])
        #expect(try await Migrator([good, bad]).status(on: pool) == .behind([2]))
        #expect(try await Migrator([good]).status(on: pool) == .current)
        await pool.close()
    }

    @Test func anotherMigrationOfTheSameNumberIsRefusedAndANewerOneTold() async throws {
        let database = try await TestDatabase.empty("migrator")
        let pool = PostgresPool(try database.configuration())
        let first = (number: 1, name: "first", sql: "CREATE TABLE a (n integer)")
        let second = (number: 2, name: "second", sql: "CREATE TABLE b (n integer)")
        let configuration = try database.configuration()
        #expect(try await Migrator([first, second]).apply(using: configuration) == [1, 2])
        #expect(try await Migrator([first]).status(on: pool) == .ahead(2))
        #expect(try await Migrator([first]).apply(using: configuration) == [])
        let changed = Migrator([(number: 1, name: "first", sql: "CREATE TABLE a (n bigint)")])
        let error = try await postgresError { () throws(PostgresError) in try await changed.apply(using: configuration)
        }
        #expect(error.kind == .schema)
        let again = try await postgresError { () throws(PostgresError) in try await changed.status(on: pool) }
        #expect(again.kind == .schema)
        await pool.close()
    }
}
