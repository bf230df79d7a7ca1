/// The rows that one statement returned, and how many it changed. Keeps the server's answer alive as long as any of
/// its rows.
public struct PostgresRows: Sendable, RandomAccessCollection {
    private let storage: ResultStorage

    init(_ storage: ResultStorage) { self.storage = storage }

    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.rowCount }

    /// The names of the columns, in order.
    public var columns: [String] { storage.columns }

    /// Rows inserted, updated, deleted or selected.
    public var affectedRows: Int { storage.affectedRows }

    /// A row, 0..<count; beyond that one of NULLs.
    public subscript(position: Int) -> PostgresRow { PostgresRow(storage, index: position) }
}

/// One row of an answer.
public struct PostgresRow: Sendable {
    private let storage: ResultStorage
    /// Its number in the answer, from 0.
    public let index: Int

    init(_ storage: ResultStorage, index: Int) {
        self.storage = storage
        self.index = index
    }

    /// The value of a column that is never NULL.
    ///
    /// - Parameters:
    ///   - column: Its name in the answer.
    ///   - type: What to read it as.
    /// - Throws: ``PostgresError/Kind/decoding`` when there is no such column, or its value is NULL or no such value.
    public func value<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        try value(try position(of: column), as: type)
    }

    /// The value of a column that may be NULL, which is nil.
    ///
    /// - Throws: ``PostgresError/Kind/decoding`` when there is no such column, or its value is no such value.
    public func optional<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws(PostgresError) -> T? {
        try optional(try position(of: column), as: type)
    }

    /// The value of a column that is never NULL, by its position from 0.
    public func value<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws(PostgresError) -> T {
        guard let value = try optional(column, as: type) else {
            throw problem(column, "is NULL, where \(type) is wanted")
        }
        return value
    }

    /// The value of a column that may be NULL, by its position from 0.
    public func optional<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws(PostgresError) -> T? {
        guard storage.columns.indices.contains(column) else {
            throw PostgresError(.decoding, "column \(column) of \(storage.columns.count) was asked for")
        }
        let decoded: T?? = storage.withText(row: index, column: column) { text in
            guard let text else { return .some(nil) }
            guard let value = T.decode(postgresText: text.span) else { return nil }
            return .some(value)
        }
        guard let decoded else { throw problem(column, "is no \(type)") }
        return decoded
    }

    private func position(of column: String) throws(PostgresError) -> Int {
        if let position = storage.columnIndexes[column] { return position }
        throw PostgresError(.decoding, "no column \"\(column)\" among \(storage.columns.joined(separator: ", "))")
    }

    /// The value stays out of the message: it may be long, or nobody's business.
    private func problem(_ column: Int, _ what: String) -> PostgresError {
        PostgresError(.decoding, "column \"\(storage.columns[column])\" of row \(index) \(what)")
    }
}
