/// A parameter of a statement. Every case has one SQL type; cast in the SQL where another is meant (`$1::timestamptz`).
public enum PostgresValue: Sendable, Hashable {
    /// NULL of the type that the statement asks for.
    case null
    /// `text`.
    case text(String)
    /// `integer`.
    case integer(Int32)
    /// `bigint`.
    case bigint(Int64)
    /// `boolean`.
    case boolean(Bool)
    /// `numeric`, from its decimal text: exact.
    case numeric(String)
    /// `bytea`.
    case bytes([UInt8])
    /// `uuid`, from its text.
    case uuid(String)
    /// `text[]`; nil is NULL, here and below.
    case texts([String?])
    /// `integer[]`.
    case integers([Int32?])
    /// `bigint[]`.
    case bigints([Int64?])
    /// `boolean[]`.
    case booleans([Bool?])
    /// `numeric[]`, from decimal texts: exact.
    case numerics([String?])
    /// `bytea[]`.
    case bytesArray([[UInt8]?])
    /// `uuid[]`, from texts.
    case uuids([String?])

    /// `text`, or NULL.
    public static func optional(_ value: String?) -> PostgresValue { value.map(PostgresValue.text) ?? .null }

    /// `bigint`, or NULL.
    public static func optional(_ value: Int64?) -> PostgresValue { value.map(PostgresValue.bigint) ?? .null }
}
