/// Brings a database to the schema that this program was made for.
///
/// Each migration runs in one transaction under an advisory lock, so that any number of services may do it at the
/// same time.
public struct Migrator: Sendable {
    private struct Migration: Sendable {
        let number: Int32
        let name: String
        let sql: String
    }

    /// 'market migrations' in no other use of advisory locks.
    private static let lockID: Int64 = 0x6D61_726B_6574_0001

    private let migrations: [Migration]

    /// - Parameter migrations: Their numbers (1 and up, no two alike), names and SQL; applied in ascending order.
    public init(_ migrations: [(number: Int, name: String, sql: String)]) {
        self.migrations = migrations.sorted { $0.number < $1.number }
            .map { Migration(number: Int32(clamping: $0.number), name: $0.name, sql: $0.sql) }
    }

    /// Applies what is missing, on a connection of its own.
    ///
    /// - Parameter configuration: Its statement and lock timeouts are replaced by ones fit for migrations (10
    ///   minutes, 1 minute).
    /// - Returns: The numbers applied now.
    /// - Throws: ``PostgresError/Kind/schema`` when an applied migration is not the one of this program; any error of
    ///   the server.
    public func apply(using configuration: PostgresConfiguration) async throws(PostgresError) -> [Int] {
        var configuration = configuration
        configuration.statementTimeoutMillis = 600_000
        configuration.lockTimeoutMillis = 60_000
        configuration.replyTimeoutMillis = 660_000
        configuration.idleInTransactionTimeoutMillis = 60_000
        let connection = try await PostgresConnection.connect(configuration)
        let result: Result<[Int], PostgresError>
        do throws(PostgresError) {
            result = .success(try await applyMissing(on: connection))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        return try result.get()
    }

    /// Compares the database with what this program was made for, changing nothing.
    ///
    /// - Throws: ``PostgresError/Kind/schema`` when an applied migration is not the one of this program; any error of
    ///   the server.
    public func status(on pool: PostgresPool) async throws(PostgresError) -> SchemaStatus {
        try await pool.withConnection { connection throws(PostgresError) in
            let found = try await connection.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS is_there")
            guard let row = found.first, try row.value("is_there", as: Bool.self) else {
                return .behind(migrations.map { Int($0.number) })
            }
            let applied = try await applied(on: connection)
            let missing = migrations.filter { !applied.contains($0.number) }.map { Int($0.number) }
            if !missing.isEmpty { return .behind(missing) }
            let newest = applied.max() ?? 0
            return newest > (migrations.last?.number ?? 0) ? .ahead(Int(newest)) : .current
        }
    }

    private func applyMissing(on connection: PostgresConnection) async throws(PostgresError) -> [Int] {
        var appliedNow: [Int] = []
        while true {
            _ = try await connection.query("BEGIN")
            // Held until COMMIT: whoever comes second sees what the first has done.
            _ = try await connection.query("SELECT pg_advisory_xact_lock($1)", [.bigint(Self.lockID)])
            _ = try await connection.query(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number integer PRIMARY KEY,
                    name text NOT NULL,
                    checksum text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now()
                )
                """, isPrepared: false)
            let applied = try await applied(on: connection)
            if let next = migrations.first(where: { !applied.contains($0.number) }) {
                try await run(next, on: connection)
                appliedNow.append(Int(next.number))
            } else {
                _ = try await connection.query("COMMIT")
                return appliedNow
            }
        }
    }

    private func run(_ migration: Migration, on connection: PostgresConnection) async throws(PostgresError) {
        do {
            try await connection.script(migration.sql)
        } catch {
            var error = error
            error.message = "migration \(migration.number) (\(migration.name)): \(error.message)"
            throw error
        }
        _ = try await connection.query(
            "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, md5($3))",
            [.integer(migration.number), .text(migration.name), .text(migration.sql)])
        _ = try await connection.query("COMMIT")
    }

    /// The numbers that the database has had, checked against this program's SQL.
    private func applied(on connection: PostgresConnection) async throws(PostgresError) -> Set<Int32> {
        let rows = try await connection.query(
            """
            SELECT m.number, m.checksum IS DISTINCT FROM md5(k.sql) AND k.sql IS NOT NULL AS is_other
            FROM schema_migrations m LEFT JOIN unnest($1, $2) AS k (number, sql) USING (number)
            """,
            [.integers(migrations.map(\.number)), .texts(migrations.map(\.sql))], isPrepared: false)
        var numbers: Set<Int32> = []
        for row in rows {
            let number = try row.value("number", as: Int32.self)
            if try row.value("is_other", as: Bool.self) {
                throw PostgresError(
                    .schema, "migration \(number) in the database is not the one of this program",
                    hint: "Use the version that made this database, or an empty database.")
            }
            numbers.insert(number)
        }
        return numbers
    }
}

/// How a database's schema compares with this program's.
public enum SchemaStatus: Sendable, Hashable {
    case current
    /// These migrations are missing.
    case behind([Int])
    /// A newer program has applied this one; older programs go on as long as its changes let them.
    case ahead(Int)
}
