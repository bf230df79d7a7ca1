/// What went wrong between this process and PostgreSQL.
///
/// Holds the SQL text (shortened) but never a parameter, and no connection string but a masked one.
public struct PostgresError: Error, Sendable, Hashable {
    /// What a caller decides by.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// No connection could be made.
        case connectionFailed
        /// The server refused the credentials, or asked for some that were not given.
        case authentication
        /// A connection that was there is gone; what was in flight may or may not have been done.
        case connectionLost
        /// A bounded queue is full; nothing was sent.
        case busy
        /// Nothing came within the time given; nothing was sent, unless the message says that a reply is missing.
        case timedOut
        /// The waiting task was cancelled, and the server was told if it had begun.
        case cancelled
        case statementTimeout
        case lockTimeout
        case serialization
        case deadlock
        case diskFull
        /// Memory, connections or another of the server's limits.
        case resources
        /// The server stops, starts, or ended this session.
        case shutdown
        case uniqueViolation
        /// Another constraint, among them a row for which no partition is there (23514).
        case integrity
        case readOnly
        /// The statement does not fit the schema: syntax, names, types, privileges.
        case sqlSyntax
        /// Raised by one of this project's own functions: SQLSTATE class MS.
        case raised
        /// A column does not hold what was asked for.
        case decoding
        /// This program called the client wrongly, or a setting is malformed.
        case usage
        /// The database's schema is not the one this program was made for.
        case schema
        /// Any other error of the server; `sqlState` says which.
        case server
    }

    public var kind: Kind
    /// One sentence.
    public var message: String
    /// Five characters, of an error the server reported.
    public var sqlState: String?
    public var detail: String?
    public var hint: String?
    /// The SQL text of the statement that failed, without its parameters, at most 300 characters.
    public var statement: String?
    /// Which statement of the batch failed, from 0.
    public var statementIndex: Int?

    public init(
        _ kind: Kind, _ message: String, sqlState: String? = nil, detail: String? = nil, hint: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.detail = detail
        self.hint = hint
    }

    /// Whether the same call can succeed later without anybody changing it.
    ///
    /// Says nothing about whether the failed one took effect: ``PostgresOutcome`` does.
    public var isTransient: Bool {
        switch kind {
        case .connectionFailed, .connectionLost, .busy, .timedOut, .statementTimeout, .lockTimeout, .serialization,
            .deadlock, .diskFull, .resources, .shutdown, .readOnly:
            true
        case .authentication, .cancelled, .uniqueViolation, .integrity, .sqlSyntax, .raised, .decoding, .usage,
            .schema, .server:
            false
        }
    }

    /// The same error, saying where in a batch it happened.
    func at(_ index: Int?, _ sql: String?) -> PostgresError {
        var error = self
        error.statementIndex = index
        error.statement = sql.map(Self.shortened)
        return error
    }

    private static func shortened(_ sql: String) -> String {
        let limit = 300
        return sql.utf8.count <= limit ? sql : String(sql.prefix(limit)) + "…"
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        var text = "PostgreSQL: \(message)"
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let detail { text += "; detail: \(detail)" }
        if let hint { text += "; hint: \(hint)" }
        if let statement { text += "; statement: \(statement)" }
        return text
    }
}
