/// What went wrong with a connection, in a sentence.
public struct WebSocketError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Code: Hashable, Sendable {
        /// The address is not `ws://` or `wss://` with a host.
        case malformedAddress
        /// The TLS configuration cannot be used.
        case tlsConfiguration
        /// No connection could be made.
        case unreachable
        /// The server answered the upgrade with this HTTP status.
        case refused(status: Int)
        /// The handshake took longer than allowed.
        case timedOut
        /// The connection is over.
        case closed
    }

    public let code: Code
    public let message: String
    /// How the connection ended, where that is what happened.
    public let closure: WebSocketClosure?
    /// Seconds to stay away, where a refusing server said so (`Retry-After`).
    public let retryAfterSeconds: Int?

    init(_ code: Code, _ message: String, closure: WebSocketClosure? = nil, retryAfterSeconds: Int? = nil) {
        self.code = code
        self.message = message
        self.closure = closure
        self.retryAfterSeconds = retryAfterSeconds
    }

    static func closed(_ closure: WebSocketClosure?) -> WebSocketError {
        WebSocketError(.closed, closure?.description ?? "the connection is closed", closure: closure)
    }

    public var description: String { message }
}

/// Thrown by a server's session handler to end the session with a code of its choice.
public struct WebSocketCloseError: Error, Sendable {
    public let code: WebSocketCloseCode
    /// Shown to the peer; cut at 123 bytes.
    public let reason: String

    public init(_ code: WebSocketCloseCode, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
