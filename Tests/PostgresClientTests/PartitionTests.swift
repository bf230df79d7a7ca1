import PostgresClient
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct PartitionTests {
    private let year2020: Int64 = 1_577_836_800
    private let year2021: Int64 = 1_609_459_200

    private func ensure(_ connection: PostgresConnection, _ interval: String) async throws(PostgresError) -> Int {
        let rows = try await connection.query(
            "SELECT ensure_candle_partitions($1, $2, $3) AS n",
            [.text(interval), .bigint(year2020), .bigint(year2021)])
        return try rows.first?.value("n") ?? -1
    }

    /// The same, again where the other session was not done within the function's patience, as the services do.
    private func ensurePatiently(
        _ connection: PostgresConnection, _ interval: String
    ) async throws(PostgresError) -> Int {
        for _ in 0..<30 {
            do throws(PostgresError) {
                return try await ensure(connection, interval)
            } catch {
                guard error.kind == .lockTimeout else { throw error }
            }
        }
        return try await ensure(connection, interval)
    }

    @Test func leavesAreMadeOnceBesideALongReaderAndByTwoSessions() async throws {
        let database = try await TestDatabase.migrated("partitions")
        let reader = try await database.connect()
        // A dump: it holds locks on everything for as long as it runs, and nobody ends it for its patience.
        _ = try await reader.query("SET idle_in_transaction_session_timeout = 0")
        _ = try await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        _ = try await reader.query("SELECT count(*) FROM candles")
        let sessions = [try await database.connect(), try await database.connect()]
        for (interval, leaves) in [("10s", 13), ("1m", 13), ("5m", 13), ("15m", 13), ("1h", 2), ("4h", 2), ("1d", 2)] {
            let made = try await withThrowingTaskGroup(of: Int.self) { group in
                for session in sessions { group.addTask { try await ensurePatiently(session, interval) } }
                return try await group.reduce(0, +)
            }
            #expect(made == leaves, "\(interval)")
            #expect(try await ensure(sessions[0], interval) == 0)
        }
        #expect(reader.isInTransaction)
        _ = try await reader.query("COMMIT")
        // Every leaf has its unique index and one on id, like the tables above it.
        let indexes = try await reader.query(
            """
            SELECT c.relname, count(i.indexrelid) AS n FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
            WHERE c.relname LIKE 'candles_%' AND c.relkind = 'r' GROUP BY 1 HAVING count(*) <> 2
            """)
        #expect(indexes.isEmpty)
        let bounds = try await reader.query(
            """
            SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class
            WHERE relname IN ('candles_10s_2020_02', 'candles_1d_2020') ORDER BY relname
            """)
        #expect(
            try bounds.map { try $0.value("bound", as: String.self) } == [
                "FOR VALUES FROM ('1580515200') TO ('1583020800')", "FOR VALUES FROM ('1577836800') TO ('1609459200')",
            ])
        for session in sessions + [reader] { await session.close() }
    }

    @Test func leavesAreMadeBesideWriters() async throws {
        let database = try await TestDatabase.migrated("partitions")
        let maker = try await database.connect()
        let writer = try await database.connect()
        #expect(try await ensure(maker, "1h") == 2)
        func part(_ id: Int64) -> CandlePart {
            CandlePart(
                key: .init(symbol: "A", interval: "1h", windowStart: year2020),
                trades: .init(place: .init(generation: 0, id: id), price: 1, quantity: 1, isTakerBuy: true))
        }
        // A writer's open transaction is in nobody's way.
        _ = try await writer.query("BEGIN")
        let statement = CandlePart.mergeStatement([part(1)])
        _ = try await writer.query(statement.sql, statement.parameters)
        let rows = try await maker.query("SELECT ensure_candle_partitions('1h', 1609459200, 1704067199) AS n")
        #expect(try rows.first?.value("n", as: Int.self) == 2)
        _ = try await writer.query("COMMIT")
        await maker.close()
        await writer.close()
    }

    @Test func aMissingLeafIsATypedErrorAndNothingIsLost() async throws {
        let database = try await TestDatabase.migrated("partitions")
        let connection = try await database.connect()
        let part = CandlePart(
            key: .init(symbol: "A", interval: "10s", windowStart: year2020),
            trades: .init(place: .init(generation: 0, id: 1), price: 1, quantity: 1, isTakerBuy: true))
        let outcome = await connection.transaction([CandlePart.mergeStatement([part])])
        #expect(outcome.rolledBackError?.sqlState == "23514")
        #expect(outcome.rolledBackError?.kind == .integrity)
        _ = try await ensure(connection, "10s")
        #expect(await connection.transaction([CandlePart.mergeStatement([part])]).isCommitted)
        await connection.close()
    }

    @Test func unreasonableRangesAndIntervalsAreRefused() async throws {
        let connection = try await TestDatabase.migrated("partitions").connect()
        for (interval, from, to) in [
            ("2h", 0, 10), ("10s", -1, 10), ("10s", 20, 10), ("10s", 0, 1_800_000_000), ("1d", 0, 9_000_000_000),
        ] as [(String, Int64, Int64)] {
            let error = try await postgresError { () throws(PostgresError) in
                try await connection.query(
                    "SELECT ensure_candle_partitions($1, $2, $3)", [.text(interval), .bigint(from), .bigint(to)])
            }
            #expect(error.sqlState == "MS002", "\(interval) \(from) \(to)")
        }
        await connection.close()
    }

    @Test func retentionDropsWholeLeavesAndKeepsItsHorizon() async throws {
        let database = try await TestDatabase.migrated("partitions")
        let connection = try await database.connect()
        _ = try await ensure(connection, "10s")
        // The middle of March 2020.
        let rows = try await connection.query("SELECT drop_candle_partitions('10s', 1584230400) AS n")
        #expect(try rows.first?.value("n", as: Int.self) == 2)
        let horizon = try await connection.query("SELECT horizon FROM candle_retention WHERE \"interval\" = '10s'")
        #expect(try horizon.first?.value("horizon", as: Int64.self) == 1_583_020_800)
        // What retention has taken away is not made again.
        #expect(try await ensure(connection, "10s") == 0)
        await connection.close()
    }

    @Test func droppingBesideAReaderGivesUpAfterItsLockTimeout() async throws {
        let database = try await TestDatabase.migrated("partitions")
        let reader = try await database.connect()
        let dropper = try await database.connect()
        _ = try await ensure(dropper, "1h")
        _ = try await reader.query("BEGIN")
        _ = try await reader.query("SELECT count(*) FROM candles_1h")
        let error = try await postgresError { () throws(PostgresError) in
            try await dropper.query("SELECT drop_candle_partitions('1h', 1609459200)")
        }
        #expect(error.kind == .lockTimeout)
        #expect(try await dropper.query("SELECT 1 FROM candle_retention").isEmpty)
        _ = try await reader.query("COMMIT")
        await reader.close()
        await dropper.close()
    }
}
