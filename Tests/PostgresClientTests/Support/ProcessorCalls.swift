import PostgresClient

/// What a processor knows of a partition that it owns.
struct Claim: Sendable {
    var partition: Int32
    var owner: String
    var epoch: Int64
    var commitSeq: Int64
    var nextOffset: Int64
    var lineage: Int32
    var isNew: Bool

    /// Takes a partition over, as the processor does on assignment.
    static func take(_ partition: Int32, owner: String, on pool: PostgresPool) async throws -> Claim {
        let rows = try await pool.query(
            "SELECT * FROM claim_partition($1, $2, $3, $4, $5, $6)",
            [.text("trades"), .integer(partition), .uuid(owner), .text("log-1"), .integer(12), .bigint(0)])
        guard let row = rows.first, rows.count == 1 else { throw TestProblem.noRow }
        return Claim(
            partition: partition, owner: owner, epoch: try row.value("epoch"), commitSeq: try row.value("commit_seq"),
            nextOffset: try row.value("next_offset"), lineage: try row.value("lineage"),
            isNew: try row.value("is_new"))
    }

    /// `commit_partitions` of these, to their next offsets plus a step.
    static func commitStatement(_ claims: [Claim], advance: Int64 = 1) -> PostgresStatement {
        PostgresStatement(
            "SELECT commit_partitions($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .text("trades"), .integers(claims.map(\.partition)), .uuids(claims.map(\.owner)),
                .bigints(claims.map(\.epoch)), .bigints(claims.map(\.commitSeq)),
                .bigints(claims.map { $0.nextOffset + advance }), .bigints(claims.map { $0.nextOffset * 1_000 }),
                .bigints(claims.map { $0.nextOffset * 2_000 }),
            ])
    }

    /// After a commit of ``commitStatement(_:advance:)``.
    mutating func noteCommit(advance: Int64 = 1) {
        commitSeq += 1
        nextOffset += advance
    }

    /// The commit sequence that the database has, once no transaction holds the row.
    static func resolvedCommitSeq(_ partition: Int32, on pool: PostgresPool) async throws -> Int64 {
        let rows = try await pool.query(
            """
            SELECT owner::text, epoch, commit_seq FROM processor_progress
            WHERE topic = $1 AND partition = $2 FOR UPDATE
            """, [.text("trades"), .integer(partition)])
        guard let row = rows.first else { throw TestProblem.noRow }
        return try row.value("commit_seq")
    }
}

enum TestProblem: Error {
    case noRow
    case outcome(String)
}

extension PostgresOutcome {
    var rolledBackError: PostgresError? { if case .rolledBack(let error) = self { error } else { nil } }
    var isCommitted: Bool { if case .committed = self { true } else { false } }
    var isAmbiguous: Bool { if case .ambiguous = self { true } else { false } }
}

enum Owner {
    static let first = "6f1e0d3a-0000-4000-8000-000000000001"
    static let second = "6f1e0d3a-0000-4000-8000-000000000002"
}
