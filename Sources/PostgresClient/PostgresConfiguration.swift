import CLibPQ

/// Where PostgreSQL is and how a connection behaves.
public struct PostgresConfiguration: Sendable {
    private let url: String

    /// What the server lists the connection as, unless the URL says `application_name`.
    public var applicationName = "market-stream"
    /// For each host and address of the URL, unless it says `connect_timeout`. Whole seconds, at least 2.
    public var connectTimeoutMillis = 5_000
    /// The server's `statement_timeout`; 0 is none.
    public var statementTimeoutMillis = 30_000
    /// The server's `lock_timeout`; 0 is none.
    public var lockTimeoutMillis = 5_000
    /// The server's `idle_in_transaction_session_timeout`: a process that was stopped inside a transaction keeps its
    /// locks no longer.
    public var idleInTransactionTimeoutMillis = 10_000
    /// How long sent bytes may stay unacknowledged before the connection counts as lost, unless the URL says
    /// `tcp_user_timeout`.
    public var tcpUserTimeoutMillis = 10_000
    /// How long a batch may stay without a complete answer before the connection counts as lost. Keep it above the
    /// statement timeout.
    public var replyTimeoutMillis = 45_000
    /// How many statements a connection keeps prepared; the one unused longest makes room.
    public var preparedStatementLimit = 256

    /// Takes a connection string; every option of libpq 15 passes through (`sslmode`, `sslrootcert`,
    /// `target_session_attrs`, ...).
    ///
    /// - Parameter url: `postgresql://user:password@host:port/database?option=value`, or `host=... dbname=...`.
    /// - Throws: ``PostgresError/Kind/usage`` when libpq cannot read it; the message has no password.
    public init(url: String) throws(PostgresError) {
        guard !url.isEmpty, !url.utf8.contains(0) else {
            throw PostgresError(
                .usage, "the PostgreSQL URL is empty or contains a NUL character", hint: Self.example)
        }
        self.url = url
        _ = try Self.options(of: url)
    }

    /// The connection string with every secret replaced: safe to log.
    public var maskedURL: String { ConnectionSecrets(of: url).masked }

    /// A sentence of libpq about this connection, without secrets.
    func redacted(_ sentence: String) -> String { ConnectionSecrets(of: url).redacted(sentence) }

    private static let example = "For example postgresql://market@127.0.0.1:5432/market"

    /// The options that a connection string sets, as libpq reads them.
    private static func options(of url: String) throws(PostgresError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard let parsed = PQconninfoParse(url, &message) else {
            // libpq's sentence quotes the part it stumbles over, which can be the password.
            let sentence = message.map { String(cString: $0) } ?? "out of memory"
            PQfreemem(message)
            let secrets = ConnectionSecrets(of: url)
            throw PostgresError(
                .usage, "the PostgreSQL URL \(secrets.masked) cannot be read: \(secrets.redacted(trimmed(sentence)))",
                hint: example)
        }
        defer { PQconninfoFree(parsed) }
        var options: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { options[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return options
    }

    /// What to give to PQconnectdbParams, in order: what stands before the URL can be overridden by it.
    func connectionParameters() throws(PostgresError) -> [(keyword: String, value: String)] {
        var settings = [
            "statement_timeout": String(statementTimeoutMillis),
            "lock_timeout": String(lockTimeoutMillis),
            "idle_in_transaction_session_timeout": String(idleInTransactionTimeoutMillis),
            // The server's side of the connection: without them it keeps what a vanished client had locked for hours.
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": String(tcpUserTimeoutMillis),
        ]
        // How values look as text, which decoding relies on.
        settings["bytea_output"] = "hex"
        settings["datestyle"] = "ISO"
        settings["timezone"] = "UTC"
        var serverOptions = settings.sorted { $0.key < $1.key }.map { "-c \($0.key)=\($0.value)" }
        if let own = try Self.options(of: url)["options"] { serverOptions.append(own) }
        return [
            ("connect_timeout", String(Swift.max(2, (connectTimeoutMillis + 999) / 1_000))),
            ("keepalives_idle", "10"),
            ("keepalives_interval", "5"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", String(tcpUserTimeoutMillis)),
            ("fallback_application_name", applicationName),
            ("dbname", url),
            ("options", serverOptions.joined(separator: " ")),
            ("client_encoding", "UTF8"),
        ]
    }
}
