import CLibPQ

/// A statement made ready to be sent, checked for all that libpq would refuse.
struct SendPlan {
    private let sql: String
    private let parameters: EncodedParameters
    /// What it is prepared as; nil when it is planned afresh.
    let key: PreparedStatements.Key?

    /// - Throws: ``PostgresError/Kind/usage``
    init(_ statement: PostgresStatement) throws(PostgresError) {
        sql = statement.sql
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.usage, "the statement contains a NUL character")
        }
        guard statement.parameters.count <= 65_535 else {
            throw PostgresError(
                .usage, "the statement has \(statement.parameters.count) parameters of at most 65535",
                hint: "Give arrays and use unnest.")
        }
        do {
            parameters = try EncodedParameters(statement.parameters)
        } catch {
            throw error.at(nil, sql)
        }
        key = statement.isPrepared ? PreparedStatements.Key(sql: sql, typeIDs: parameters.typeIDs) : nil
    }

    /// Queues it, by its prepared name or with its text.
    ///
    /// - Returns: false when libpq has no memory or the connection is gone.
    func send(on handle: OpaquePointer, preparedName: String?) -> Bool {
        parameters.storage.withUnsafeBytes { storage in
            let base = storage.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = parameters.offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } }
            let count = Int32(truncatingIfNeeded: values.count)
            if let preparedName {
                return PQsendQueryPrepared(
                    handle, preparedName, count, values, parameters.lengths, parameters.formats, 0) == 1
            }
            return PQsendQueryParams(
                handle, sql, count, parameters.typeIDs, values, parameters.lengths, parameters.formats, 0) == 1
        }
    }
}
