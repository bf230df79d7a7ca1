import PostgresClient
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct TimeoutTests {
    /// Waits until the server runs a statement with this text.
    private func waitUntilRunning(_ sql: String, _ database: TestDatabase) async throws {
        let watcher = try await database.connect()
        try await waitUntil("\(sql) runs", withinMillis: 10_000) {
            let rows = try await watcher.query(
                """
                SELECT 1 FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query = $1
                """, [.text(sql)])
            return !rows.isEmpty
        }
        await watcher.close()
    }

    @Test func cancellingTheTaskCancelsTheStatementAndKeepsTheConnection() async throws {
        let database = try await TestDatabase.empty("timeouts")
        let connection = try await database.connect()
        let sleeping = Task {
            try await postgresError { () throws(PostgresError) in
                try await connection.query("SELECT pg_sleep(300)")
            }
        }
        try await waitUntilRunning("SELECT pg_sleep(300)", database)
        let queued = Task {
            try await postgresError { () throws(PostgresError) in
                try await connection.query("SELECT 'never sent'")
            }
        }
        queued.cancel()
        let queuedError = try await queued.value
        #expect(queuedError.kind == .cancelled)
        #expect(queuedError.sqlState == nil)
        sleeping.cancel()
        let error = try await sleeping.value
        #expect(error.kind == .cancelled)
        #expect(error.sqlState == "57014")
        #expect(try await connection.query("SELECT 5 AS n").first?.value("n", as: Int.self) == 5)
        await connection.close()
    }

    @Test func cancellingATransactionSaysHonestlyHowItEnded() async throws {
        let database = try await TestDatabase.empty("timeouts")
        let connection = try await database.connect()
        try await connection.script("CREATE TABLE t (n integer)")
        let sql = "SELECT pg_sleep(301)"
        let running = Task {
            await connection.transaction([
                PostgresStatement("INSERT INTO t VALUES (1)"), PostgresStatement(sql, isPrepared: false),
            ])
        }
        try await waitUntilRunning(sql, database)
        running.cancel()
        #expect(await running.value.rolledBackError?.kind == .cancelled)
        #expect(try await connection.query("SELECT n FROM t").isEmpty)
        await connection.close()
    }

    @Test func statementAndLockTimeoutsAreSetAndTold() async throws {
        let database = try await TestDatabase.empty("timeouts")
        let hasty = try await database.connect { $0.statementTimeoutMillis = 50 }
        let slow = try await postgresError { () throws(PostgresError) in try await hasty.query("SELECT pg_sleep(30)") }
        #expect(slow.kind == .statementTimeout)
        #expect(slow.isTransient)
        await hasty.close()
        let first = try await database.connect()
        try await first.script("CREATE TABLE t (n integer)")
        _ = try await first.query("BEGIN")
        _ = try await first.query("LOCK TABLE t")
        let second = try await database.connect { $0.lockTimeoutMillis = 50 }
        let locked = try await postgresError { () throws(PostgresError) in try await second.query("SELECT n FROM t") }
        #expect(locked.kind == .lockTimeout)
        await first.close()
        await second.close()
    }

    @Test func aStoppedOwnerOfATransactionLosesItsLocks() async throws {
        let database = try await TestDatabase.empty("timeouts")
        let stopped = try await database.connect { $0.idleInTransactionTimeoutMillis = 100 }
        try await stopped.script("CREATE TABLE t (n integer)")
        try await stopped.script("BEGIN; LOCK TABLE t")
        let other = try await database.connect { $0.lockTimeoutMillis = 20_000 }
        _ = try await other.query("SELECT n FROM t")
        // The loss is noticed without anybody asking.
        try await waitUntil("the connection is known to be lost", withinMillis: 10_000) { !stopped.isOpen }
        let error = try await postgresError { () throws(PostgresError) in try await stopped.query("SELECT 1") }
        #expect(error.kind == .shutdown)
        // idle_in_transaction_session_timeout
        #expect(error.sqlState == "25P03")
        await other.close()
    }

    @Test func theURLsOwnOptionsComeLast() async throws {
        let database = try await TestDatabase.empty("timeouts")
        let url =
            database.server.url(database: database.name)
            + "&options=-c%20statement_timeout%3D1234%20-c%20work_mem%3D5MB&application_name=mine"
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
        let rows = try await connection.query(
            """
            SELECT current_setting('statement_timeout') AS s, current_setting('work_mem') AS w,
                current_setting('lock_timeout') AS l, current_setting('application_name') AS a
            """)
        let row = try #require(rows.first)
        #expect(try row.value("s", as: String.self) == "1234ms")
        #expect(try row.value("w", as: String.self) == "5MB")
        #expect(try row.value("l", as: String.self) == "5s")
        #expect(try row.value("a", as: String.self) == "mine")
        await connection.close()
    }
}
