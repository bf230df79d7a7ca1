import CLibPQ

/// What an error result says.
struct ServerErrorReport {
    let error: PostgresError
    /// Whether the server reported it; else libpq did, because the connection broke.
    let isFromServer: Bool
    /// Whether the server's session ends with it.
    let isFatal: Bool

    // The codes of postgres_ext.h, which are character macros.
    private static let severity = Int32(UInt8(ascii: "V"))
    private static let sqlState = Int32(UInt8(ascii: "C"))
    private static let primary = Int32(UInt8(ascii: "M"))
    private static let detail = Int32(UInt8(ascii: "D"))
    private static let hint = Int32(UInt8(ascii: "H"))

    /// - Parameters:
    ///   - result: A failed one; it stays the caller's.
    ///   - isCancelRequested: Whether this client had asked for the statement to be cancelled.
    init(_ result: OpaquePointer, isCancelRequested: Bool) {
        func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        guard let state = field(Self.sqlState) else {
            let text = trimmed(String(cString: PQresultErrorMessage(result)))
            error = PostgresError(.connectionLost, text.isEmpty ? "the connection is lost" : text)
            isFromServer = false
            isFatal = true
            return
        }
        error = PostgresError(
            .init(sqlState: state, isCancelRequested: isCancelRequested), field(Self.primary) ?? "no message",
            sqlState: state, detail: field(Self.detail), hint: field(Self.hint))
        isFromServer = true
        isFatal = ["FATAL", "PANIC"].contains(field(Self.severity) ?? "")
    }
}
