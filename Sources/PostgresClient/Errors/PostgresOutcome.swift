/// How a transaction ended.
public enum PostgresOutcome: Sendable {
    /// The server confirmed the COMMIT. One element for each statement.
    case committed([PostgresRows])
    /// Nothing of it is in the database.
    case rolledBack(PostgresError)
    /// The connection was lost after COMMIT was sent and before it was answered: look into the database which of the
    /// two it is.
    case ambiguous(PostgresError)

    /// The rows, or the error of a transaction that is not confirmed, for callers that may simply do it again.
    public func get() throws(PostgresError) -> [PostgresRows] {
        switch self {
        case .committed(let rows): return rows
        case .rolledBack(let error), .ambiguous(let error): throw error
        }
    }
}
