import PostgresClient
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct PipelineTests {
    @Test func everyStatementHasItsOwnRows() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        let statements = (0..<300).map {
            PostgresStatement("SELECT $1 + 0 AS n", [.bigint(Int64($0))], isPrepared: $0 % 3 != 0)
        }
        let rows = try await connection.pipeline(statements)
        #expect(try rows.map { try $0.first?.value(0, as: Int.self) } == Array(0..<300))
        await connection.close()
    }

    @Test func moreThanTheSocketsHoldInBothDirectionsDoesNotBlock() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        let long = String(repeating: "x", count: 20_000)
        let statements = (0..<1_000).map { _ in PostgresStatement("SELECT $1 AS t", [.text(long)]) }
        let rows = try await connection.pipeline(statements)
        #expect(rows.count == 1_000)
        #expect(try rows.allSatisfy { try $0.first?.value("t", as: String.self) == long })
        await connection.close()
    }

    @Test func anErrorInTheMiddleVoidsTheWholeTransaction() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        try await connection.script("CREATE TABLE t (n integer PRIMARY KEY)")
        let outcome = await connection.transaction([
            PostgresStatement("INSERT INTO t VALUES (1)"), PostgresStatement("INSERT INTO t VALUES (1)"),
            PostgresStatement("INSERT INTO t VALUES (2)"),
        ])
        let error = try #require(outcome.rolledBackError)
        #expect(error.kind == .uniqueViolation)
        #expect(error.sqlState == "23505")
        #expect(error.statementIndex == 1)
        #expect(error.statement == "INSERT INTO t VALUES (1)")
        #expect(!connection.isInTransaction)
        let again = await connection.transaction([PostgresStatement("INSERT INTO t VALUES (3)")])
        #expect(again.isCommitted)
        let rows = try await connection.query("SELECT n FROM t")
        #expect(try rows.map { try $0.value("n", as: Int.self) } == [3])
        await connection.close()
    }

    @Test func anErrorInAPipelineWithoutBeginVoidsItToo() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        try await connection.script("CREATE TABLE t (n integer PRIMARY KEY)")
        let error = try await postgresError { () throws(PostgresError) in
            try await connection.pipeline([
                PostgresStatement("INSERT INTO t VALUES (1)"), PostgresStatement("SELECT no_such_column FROM t"),
            ])
        }
        #expect(error.kind == .sqlSyntax)
        #expect(error.statementIndex == 1)
        #expect(try await connection.query("SELECT n FROM t").isEmpty)
        await connection.close()
    }

    @Test func zeroRowsDoNotStopATransactionButARaiseDoes() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        try await connection.script("CREATE TABLE t (n integer)")
        let zeroRows = await connection.transaction([
            PostgresStatement("UPDATE t SET n = 1 WHERE n = 7"), PostgresStatement("INSERT INTO t VALUES (1)"),
        ])
        #expect(zeroRows.isCommitted)
        let raise = "DO $$ BEGIN RAISE EXCEPTION 'fenced' USING ERRCODE = 'MS001', DETAIL = '3,7'; END $$"
        let raised = await connection.transaction([
            PostgresStatement(raise), PostgresStatement("INSERT INTO t VALUES (2)"),
        ])
        let error = try #require(raised.rolledBackError)
        #expect(error.kind == .raised)
        #expect(error.sqlState == "MS001")
        #expect(error.detail == "3,7")
        #expect(try await connection.query("SELECT n FROM t").count == 1)
        await connection.close()
    }

    @Test func aDeferredConstraintFailsTheCommitItself() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        try await connection.script(
            "CREATE TABLE t (n integer, UNIQUE (n) DEFERRABLE INITIALLY DEFERRED); INSERT INTO t VALUES (1)")
        let outcome = await connection.transaction([PostgresStatement("INSERT INTO t VALUES (1)")])
        #expect(outcome.rolledBackError?.kind == .uniqueViolation)
        #expect(outcome.rolledBackError?.statement == "COMMIT")
        #expect(try await connection.query("SELECT n FROM t").count == 1)
        await connection.close()
    }

    @Test func theCacheOfPreparedStatementsStaysBounded() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect { $0.preparedStatementLimit = 5 }
        for number in 0..<20 {
            let row = try await connection.query("SELECT \(number) AS n").first
            #expect(try row?.value("n", as: Int.self) == number)
        }
        _ = try await connection.query("SELECT 19 AS n")
        let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements", isPrepared: false)
        #expect(try count.first?.value(0, as: Int.self) == 5)
        // The same text with other types is another statement.
        let typed = try await connection.query("SELECT pg_typeof($1)::text", [.bigint(1)])
        #expect(try typed.first?.value(0, as: String.self) == "bigint")
        let other = try await connection.query("SELECT pg_typeof($1)::text", [.text("1")])
        #expect(try other.first?.value(0, as: String.self) == "text")
        await connection.close()
    }

    @Test func aFailedPreparationLeavesNothingBehind() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        for _ in 0..<2 {
            let error = try await postgresError { () throws(PostgresError) in
                try await connection.query("SELECT n FROM later")
            }
            #expect(error.sqlState == "42P01")
            #expect(error.statement == "SELECT n FROM later")
        }
        try await connection.script("CREATE TABLE later (n integer)")
        #expect(try await connection.query("SELECT n FROM later").isEmpty)
        await connection.close()
    }

    @Test func aChangedTableFailsAPreparedStatementOnceAndNotForEver() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        try await connection.script("CREATE TABLE t (n integer)")
        let sql = "SELECT * FROM t"
        #expect(try await connection.query(sql).columns == ["n"])
        try await connection.script("ALTER TABLE t ADD COLUMN m integer")
        let error = try await postgresError { () throws(PostgresError) in try await connection.query(sql) }
        #expect(error.sqlState == "0A000")
        #expect(try await connection.query(sql).columns == ["n", "m"])
        _ = try await connection.query("DEALLOCATE ALL", isPrepared: false)
        let gone = try await postgresError { () throws(PostgresError) in try await connection.query(sql) }
        #expect(gone.sqlState == "26000")
        #expect(try await connection.query(sql).columns == ["n", "m"])
        await connection.close()
    }

    @Test func aTransactionInsideAnOpenOneIsRefused() async throws {
        let connection = try await TestDatabase.empty("pipeline").connect()
        _ = try await connection.query("BEGIN")
        #expect(connection.isInTransaction)
        let outcome = await connection.transaction([PostgresStatement("SELECT 1")])
        #expect(outcome.rolledBackError?.kind == .usage)
        _ = try await connection.query("ROLLBACK")
        #expect(!connection.isInTransaction)
        await connection.close()
    }
}
