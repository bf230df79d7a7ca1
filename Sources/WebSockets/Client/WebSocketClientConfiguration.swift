/// How a client connects, and the bounds of its connections. Every one has a default.
public struct WebSocketClientConfiguration: Sendable {
    /// From the first packet to the server's answer to the upgrade.
    public var connectTimeout: Duration = .seconds(10)
    /// A PEM file of certificate authorities to trust instead of the system's.
    public var authoritiesPath: String?
    /// Further headers of the upgrade request.
    public var headers: [(name: String, value: String)] = []
    /// Largest message taken, fragments together; a larger one ends the session with 1009.
    public var maxMessageBytes = 1 << 20
    /// Above it the socket is not read until the session's messages were taken.
    public var inboundLimitBytes = 4 << 20
    /// What may wait to be sent.
    public var outboundLimitBytes = 1 << 20
    /// How often the server is pinged; nil for never.
    public var pingInterval: Duration? = .seconds(20)
    /// How long the server may be silent after a ping.
    public var pongTimeout: Duration = .seconds(20)
    /// How long the closing handshake may take; then the socket is closed hard.
    public var closeTimeout: Duration = .seconds(1)

    public init() {}

    var session: WebSocketSessionConfiguration {
        WebSocketSessionConfiguration(
            maxMessageBytes: maxMessageBytes, inboundLimitBytes: inboundLimitBytes,
            outboundLimitBytes: outboundLimitBytes, pingInterval: pingInterval, pongTimeout: pongTimeout,
            closeTimeout: closeTimeout)
    }
}
