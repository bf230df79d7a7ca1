/// The bounds of one connection, of a server or a client.
struct WebSocketSessionConfiguration: Sendable {
    var maxMessageBytes: Int
    var inboundLimitBytes: Int
    var outboundLimitBytes: Int
    /// How often a ping is sent; nil for never.
    var pingInterval: Duration?
    /// How long the peer may be silent after a ping.
    var pongTimeout: Duration
    /// How long the closing handshake may take before the socket is closed hard.
    var closeTimeout: Duration
}
