/// Why something with Redis did not work, in a sentence a person can act on; it never holds a password.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of problem it is.
    public enum Code: Sendable, Hashable {
        /// The URL or a file it names cannot be used.
        case configuration
        /// There is no connection, or it was lost: commands that were under way may have happened.
        case connectionLost
        /// The server refused the user or the password, or wants one.
        case authentication
        /// TLS could not be agreed on, or the server's certificate was not accepted.
        case tls
        /// The last reply did not come in time: the commands may have happened.
        case timeout
        /// Too much is under way already (``RedisBackpressure/refuse``); nothing was sent.
        case busy
        /// The waiting task was cancelled: the commands may have happened.
        case cancelled
        /// The client is closed.
        case closed
        /// The server's own error, by its first word: `WRONGTYPE`, `NOSCRIPT`, `OOM`, ...
        case server(String)
        /// A reply of another shape than was asked for.
        case unexpectedReply
        /// Something that the protocol cannot carry.
        case protocolViolation
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "redis: \(message)" }
}

extension RedisError {
    static let closed = RedisError(.closed, "the client is closed")
    static let cancelled = RedisError(.cancelled, "the waiting task was cancelled; what was sent may have happened")

    /// The server's error as ours.
    init(_ error: RedisServerError) {
        self.init(.server(error.code), error.message)
    }
}
