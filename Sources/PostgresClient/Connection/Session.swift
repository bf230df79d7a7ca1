import CLibPQ

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One libpq connection in pipeline mode. Belongs to one thread, which it may block.
struct Session: ~Copyable {
    let handle: OpaquePointer
    private let cancelHandle: OpaquePointer?
    private let farewell: Farewell
    let replyTimeoutMillis: Int
    var prepared: PreparedStatements

    /// Connects, however long that takes (`connect_timeout` for each address).
    static func open(_ configuration: PostgresConfiguration) throws(PostgresError) -> Session {
        let parameters = try configuration.connectionParameters()
        guard let handle = connect(parameters) else {
            throw PostgresError(.resources, "no memory for a PostgreSQL connection")
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            defer { PQfinish(handle) }
            throw connectProblem(handle, configuration)
        }
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
            defer { PQfinish(handle) }
            throw PostgresError(.connectionFailed, "pipeline mode is refused: \(message(handle))")
        }
        return Session(handle: handle, configuration: configuration)
    }

    private init(handle: OpaquePointer, configuration: PostgresConfiguration) {
        self.handle = handle
        cancelHandle = PQgetCancel(handle)
        farewell = Farewell()
        farewell.listen(on: handle)
        replyTimeoutMillis = configuration.replyTimeoutMillis
        prepared = PreparedStatements(limit: configuration.preparedStatementLimit)
    }

    deinit {
        if let cancelHandle { PQfreeCancel(cancelHandle) }
        PQfinish(handle)
    }

    private static func connect(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        // strdup: libpq wants arrays of C strings that live as long as the call.
        let keywords = parameters.map { strdup($0.keyword) }
        let values = parameters.map { strdup($0.value) }
        defer { for text in keywords + values { free(text) } }
        guard !keywords.contains(nil), !values.contains(nil) else { return nil }
        return PQconnectdbParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    }

    private static func connectProblem(_ handle: OpaquePointer, _ configuration: PostgresConfiguration) -> PostgresError
    {
        let text = configuration.redacted(message(handle))
        // libpq gives no SQLSTATE here, and a server may speak another language: this finds the common cases.
        let isRefused =
            PQconnectionNeedsPassword(handle) == 1 || text.contains("authentication failed")
            || text.contains("no pg_hba.conf entry")
        return PostgresError(
            isRefused ? .authentication : .connectionFailed, "cannot connect to \(configuration.maskedURL): \(text)")
    }

    static func message(_ handle: OpaquePointer) -> String { trimmed(String(cString: PQerrorMessage(handle))) }

    /// Whether the connection is still good for use.
    var isAlive: Bool { PQstatus(handle) == CONNECTION_OK }

    /// Whether a transaction was left open.
    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

    var socket: Int32 { PQsocket(handle) }

    /// Takes in what the server sent unasked.
    ///
    /// - Returns: false when the connection is gone.
    func readUnasked() -> Bool {
        let isRead = PQconsumeInput(handle) == 1
        // Reads are understood only when asked for; this hands a farewell to its receiver.
        _ = PQisBusy(handle)
        return isRead && isAlive
    }

    /// Asks the server to cancel what this connection is doing.
    ///
    /// Waits until the server has passed the wish on, so it cannot hit a later batch; a dead host ends that by
    /// `tcp_user_timeout`.
    func requestCancel() {
        guard let cancelHandle else { return }
        var reason = [CChar](repeating: 0, count: 256)
        // Refused or lost, the batch just runs to its end.
        _ = PQcancel(cancelHandle, &reason, Int32(reason.count))
    }

    /// The loss of the connection as an error, with the server's last word if there was one.
    func lossProblem() -> PostgresError {
        if let error = farewell.error { return error }
        let text = Self.message(handle)
        return PostgresError(.connectionLost, text.isEmpty ? "the connection is lost" : text)
    }
}

/// Why the server ended an idle session: libpq takes that for a notice, and would print it to standard error.
private final class Farewell {
    private(set) var error: PostgresError?

    /// Takes the notices of a connection, which must be finished before this object goes.
    func listen(on handle: OpaquePointer) {
        PQsetNoticeReceiver(
            handle,
            { argument, result in
                guard let argument, let result else { return }
                let report = ServerErrorReport(result, isCancelRequested: false)
                if report.isFatal {
                    Unmanaged<Farewell>.fromOpaque(argument).takeUnretainedValue().error = report.error
                }
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}

/// libpq's sentences end in a line break, and some have several lines.
func trimmed(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.joined(separator: "; ")
}
