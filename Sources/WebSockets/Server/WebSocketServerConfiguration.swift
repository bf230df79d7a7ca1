public import NIOSSL

/// The bounds of a server's connections. Every one has a default.
public struct WebSocketServerConfiguration: Sendable {
    /// Largest message taken, fragments together; a larger one ends the session with 1009.
    public var maxMessageBytes = 65_536
    /// Largest head of an HTTP request.
    public var maxHeaderBytes = 16_384
    /// What may wait for one slow client.
    public var outboundLimitBytes = 1 << 20
    /// Above it the socket is not read until the session's messages were taken.
    public var inboundLimitBytes = 1 << 20
    /// What the channel buffers on its way to the socket.
    public var writeBufferBytes = 65_536
    /// The kernel's send buffer, nil for its default: a small one shows early that a client is slow.
    public var socketSendBufferBytes: Int?
    /// How often a session is pinged; nil for never.
    public var pingInterval: Duration? = .seconds(20)
    /// How long a client may be silent after a ping.
    public var pongTimeout: Duration = .seconds(20)
    /// How long the closing handshake may take; then the socket is closed hard.
    public var closeTimeout: Duration = .seconds(1)
    /// How long a new connection may take until its first request's head is complete.
    public var handshakeTimeout: Duration = .seconds(10)
    /// Whether the task of a session runs on the event loop of its connection and wakes no other thread. For sessions
    /// that pass on what waits: one that computes, or never waits, holds up all connections of the loop.
    public var keepsSessionsOnEventLoop = false
    /// How long an HTTP connection may be idle; nil for ever.
    public var idleTimeout: Duration? = .seconds(60)
    /// How long a request may take from its first line to its end, once its head is complete; then the connection is
    /// closed.
    public var requestTimeout: Duration = .seconds(30)
    /// Largest body of a request; with more the connection is closed. Nil for any.
    public var maxRequestBodyBytes: Int?
    /// Answers with this header, lower-cased, are compressed where the client takes that; the header goes no further.
    /// Nil compresses nothing.
    public var compressionMarker: String?
    /// Answered to what is no HTTP request.
    public var malformedRequestAnswer = MalformedRequestAnswer()
    /// Speaks TLS with these; nil for plain text.
    public var tls: NIOSSLContext?

    public init() {}

    var session: WebSocketSessionConfiguration {
        WebSocketSessionConfiguration(
            maxMessageBytes: maxMessageBytes, inboundLimitBytes: inboundLimitBytes,
            outboundLimitBytes: outboundLimitBytes, pingInterval: pingInterval, pongTimeout: pongTimeout,
            closeTimeout: closeTimeout)
    }
}
