public import HTTPTypes
public import NIOCore

/// The request of a client that wants to upgrade.
public struct WebSocketUpgradeRequest: Sendable {
    /// `path` holds the query too.
    public let head: HTTPRequest
    public let remoteAddress: SocketAddress?

    public init(head: HTTPRequest, remoteAddress: SocketAddress?) {
        self.head = head
        self.remoteAddress = remoteAddress
    }

    /// The path without its query, percent-encoded as it came.
    public var path: String { String(parts.first ?? "/") }

    /// What stands behind the question mark, percent-encoded as it came; empty where nothing does.
    public var query: String { parts.count > 1 ? String(parts[1]) : "" }

    private var parts: [Substring] {
        (head.path ?? "/").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    }
}

/// Runs one session. It lives as long as this runs: returning closes with 1000, a ``WebSocketCloseError`` with its
/// code,
/// any other error with 1011. Cancelled when the session is over: peer gone, no pong, server shutting down (1001).
public typealias WebSocketHandler = @Sendable (WebSocketSession) async throws -> Void

/// What a server does with such a request.
public enum WebSocketUpgradeDecision: Sendable {
    /// Switches protocols, with these further response headers.
    case upgrade(HTTPFields = [:], WebSocketHandler)
    /// The router answers it as plain HTTP; then the connection is closed.
    case dontUpgrade
}

/// Decides about upgrades. They bypass the router's middleware: authentication, limits, logs and metrics are called
/// here
/// and in the handler. An error means ``WebSocketUpgradeDecision/dontUpgrade``.
public typealias WebSocketUpgradeDecider =
    @Sendable (WebSocketUpgradeRequest) async throws -> WebSocketUpgradeDecision
