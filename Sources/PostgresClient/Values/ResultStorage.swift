import CLibPQ

/// Owns one PGresult.
///
/// `@unchecked Sendable`: a PGresult does not change after libpq has handed it over, and libpq allows reading it from
/// any thread.
final class ResultStorage: @unchecked Sendable {
    private let result: OpaquePointer
    let rowCount: Int
    let columns: [String]
    let columnIndexes: [String: Int]
    /// Rows inserted, updated, deleted or selected.
    let affectedRows: Int

    /// Takes the result over and frees it in the end.
    init(owning result: OpaquePointer) {
        self.result = result
        rowCount = Int(PQntuples(result))
        columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
        columnIndexes = Dictionary(columns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        affectedRows = Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    deinit { PQclear(result) }

    /// Calls `body` with the text of a value, or with nil for NULL. Row and column must exist.
    func withText<R>(row: Int, column: Int, _ body: (UnsafeBufferPointer<UInt8>?) -> R) -> R {
        let (row, column) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
        if PQgetisnull(result, row, column) == 1 { return body(nil) }
        let length = Int(PQgetlength(result, row, column))
        guard let start = PQgetvalue(result, row, column) else { return body(nil) }
        return start.withMemoryRebound(to: UInt8.self, capacity: length) {
            body(UnsafeBufferPointer(start: $0, count: length))
        }
    }
}
