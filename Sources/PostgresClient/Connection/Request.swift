/// What a connection is asked to do at once.
enum Request: Sendable {
    /// All statements in one round trip, as one implicit transaction (or inside the one that is open).
    case batch([PostgresStatement])
    /// BEGIN, all statements, COMMIT in one round trip.
    case transaction([PostgresStatement])
    /// Several statements in one text, without parameters.
    case script(String)
}

/// What the next answer of the server belongs to.
enum Expectation {
    case deallocated
    case prepared(PreparedStatements.Key, name: String)
    /// The synchronization point behind the preparations.
    case preparationsDone
    case began
    case statement(Int)
    case committed
    /// The synchronization point behind the batch; without BEGIN it commits.
    case synchronized
}
