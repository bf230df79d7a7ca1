/// One connection to PostgreSQL, on a thread of its own.
///
/// Several tasks may use it; their requests run one after the other.
public final class PostgresConnection: Sendable {
    private let thread: ConnectionThread

    private init(_ thread: ConnectionThread) { self.thread = thread }

    deinit {
        let thread = thread
        Task { await thread.close() }
    }

    /// Connects.
    ///
    /// - Throws: ``PostgresError/Kind/connectionFailed`` or ``PostgresError/Kind/authentication``, with libpq's reason.
    public static func connect(_ configuration: PostgresConfiguration) async throws(PostgresError) -> PostgresConnection
    {
        PostgresConnection(try await ConnectionThread.start(configuration))
    }

    /// Whether the connection still takes requests.
    public var isOpen: Bool { thread.isOpen }

    /// Whether a transaction was left open by ``query(_:_:isPrepared:)`` or ``script(_:)``.
    public var isInTransaction: Bool { thread.isInTransaction }

    /// Runs one statement, in the transaction that is open or in one of its own.
    ///
    /// - Parameters:
    ///   - sql: One statement; parameters are `$1`, `$2`, ...
    ///   - parameters: Their values.
    ///   - isPrepared: See ``PostgresStatement/isPrepared``.
    /// - Throws: ``PostgresError``; after ``PostgresError/Kind/connectionLost`` a statement that writes may have been
    ///   done.
    public func query(
        _ sql: String, _ parameters: [PostgresValue] = [], isPrepared: Bool = true
    ) async throws(PostgresError) -> PostgresRows {
        let rows = try await pipeline([PostgresStatement(sql, parameters, isPrepared: isPrepared)])
        guard let first = rows.first else { throw PostgresError(.server, "no answer to the statement") }
        return first
    }

    /// Runs several statements in one round trip; without an open transaction they are one. An error of one voids all.
    ///
    /// - Returns: The rows of each.
    /// - Throws: ``PostgresError``; after ``PostgresError/Kind/connectionLost`` statements that write may have been
    ///   done.
    public func pipeline(_ statements: [PostgresStatement]) async throws(PostgresError) -> [PostgresRows] {
        try await thread.perform(.batch(statements)).get()
    }

    /// Runs BEGIN, the statements and COMMIT in one round trip. An error of one skips the rest and voids all.
    ///
    /// A statement that changes 0 rows is no error: whatever must stop the transaction has to raise.
    public func transaction(_ statements: [PostgresStatement]) async -> PostgresOutcome {
        await thread.perform(.transaction(statements))
    }

    /// Runs a text of several statements without parameters, as one transaction unless it says otherwise.
    ///
    /// - Throws: ``PostgresError``
    public func script(_ sql: String) async throws(PostgresError) {
        _ = try await thread.perform(.script(sql)).get()
    }

    /// Closes the connection after the request that is running, and waits for that.
    public func close() async { await thread.close() }

    /// Calls `action` once when the connection has ended, for whatever reason.
    func whenEnded(_ action: @escaping @Sendable () -> Void) { thread.whenEnded(action) }
}
