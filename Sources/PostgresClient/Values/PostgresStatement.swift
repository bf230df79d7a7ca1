/// One SQL statement with its parameters.
public struct PostgresStatement: Sendable {
    /// One statement; parameters are `$1`, `$2`, ...
    public var sql: String
    public var parameters: [PostgresValue]
    /// Whether the connection keeps it prepared.
    ///
    /// Without it the server plans the statement afresh with these values: what a SELECT on a partitioned table
    /// wants, because a plan
    /// made for any value locks every partition.
    public var isPrepared: Bool

    public init(_ sql: String, _ parameters: [PostgresValue] = [], isPrepared: Bool = true) {
        self.sql = sql
        self.parameters = parameters
        self.isPrepared = isPrepared
    }
}
