/// Where Redis is, how to get in, and the bounds of the client.
public struct RedisConfiguration: Sendable {
    /// A host name or an address, IPv6 without its brackets.
    public var host: String
    public var port: UInt16
    /// Nil: the server's default user.
    public var username: String?
    /// 0 and up.
    public var database: Int
    /// Nil: without TLS.
    public var tls: RedisTLS?
    /// How long one attempt to connect may take, with name lookup, TLS and authentication, in milliseconds.
    public var connectTimeoutMillis: Int64 = 5_000
    /// How long a call may take to its last reply, in milliseconds. A connection that has brought nothing for as
    /// long, with commands under way, is given up.
    public var commandTimeoutMillis: Int64 = 5_000
    /// Commands that wait for a reply at most; a larger single call goes when nothing else is under way.
    public var maxInFlightCommands = 100_000
    /// Bytes of commands that wait for a reply at most; a larger single call goes when nothing else is under way.
    public var maxInFlightBytes = 64 << 20
    /// What a call meets when a bound is reached.
    public var whenFull = RedisBackpressure.wait
    /// The upper limit of the pause before the second attempt to connect, in milliseconds; it doubles with each
    /// attempt.
    public var reconnectMinMillis: Int64 = 100
    /// The upper limit of any pause between two attempts to connect, in milliseconds.
    public var reconnectMaxMillis: Int64 = 5_000

    var password: RedisSecret?

    /// Reads `redis://[user[:password]@]host[:port][/database]`, or `rediss://...` for TLS.
    ///
    /// User and password are percent-encoded. `rediss` takes `?cacert=/path/ca.pem` (instead of the system's
    /// authorities), and `cert=` with `key=` for a client certificate.
    ///
    /// - Throws: ``RedisError/Code/configuration``; the message holds nothing of the URL.
    public init(url: String) throws(RedisError) {
        let parts = try RedisURL(url)
        host = parts.host
        port = parts.port
        username = parts.username
        password = parts.password.map { RedisSecret($0) }
        database = parts.database
        tls = parts.tls
    }

    /// The URL with the password masked, for logs.
    public var maskedURL: String {
        var text = tls == nil ? "redis://" : "rediss://"
        if username != nil || password != nil {
            text += PercentText.encoded(username ?? "") + (password == nil ? "" : ":***") + "@"
        }
        text += "\(peer)/\(database)"
        guard let tls else { return text }
        let files = [("cacert", tls.caCertificatePath), ("cert", tls.certificatePath), ("key", tls.keyPath)]
        let query = files.compactMap { name, path in path.map { "\(name)=\($0)" } }
        return query.isEmpty ? text : "\(text)?\(query.joined(separator: "&"))"
    }

    /// `host:port`, as messages name the server.
    var peer: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What a `rediss://` connection trusts and shows.
public struct RedisTLS: Sendable, Hashable {
    /// A PEM file with the authorities to trust, nil for the system's.
    public var caCertificatePath: String?
    /// A PEM file with the client's own certificate and what leads to its authority.
    public var certificatePath: String?
    /// The PEM file with the key of ``certificatePath``.
    public var keyPath: String?

    public init(caCertificatePath: String? = nil, certificatePath: String? = nil, keyPath: String? = nil) {
        self.caCertificatePath = caCertificatePath
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}

/// What a call meets when too much is under way.
public enum RedisBackpressure: Sendable, Hashable {
    /// It waits for room, until its deadline.
    case wait
    /// ``RedisError/Code/busy`` at once.
    case refuse
}

/// A text that no print, log or dump shows.
struct RedisSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let text: String

    init(_ text: String) { self.text = text }

    var description: String { "***" }
    var debugDescription: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// A sentence without this secret in it.
    func masked(in sentence: String) -> String { text.isEmpty ? sentence : sentence.replacing(text, with: "***") }
}
