/// What all clients do.
struct LoadPlan {
    /// At 127.0.0.1.
    let port: UInt16
    /// The upgrade's request.
    let handshake: [UInt8]
    /// What is said once connected: a frame, or nothing.
    let request: [UInt8]
    let clock: MessageClock

    /// - Parameters:
    ///   - path: `/feed`, with its query.
    ///   - request: a text, or nil for nothing.
    init(port: UInt16, path: String, request: String?, clock: MessageClock) {
        self.port = port
        self.clock = clock
        // Any 16 bytes will do as a key, and nobody here checks what the server makes of them.
        handshake = Array(
            """
            GET \(path) HTTP/1.1\r
            Host: 127.0.0.1:\(port)\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: bG9hZC10b29scyBjbGllbg==\r
            \r\n
            """.utf8)
        self.request = request.map { ServerFrames.clientFrame(opcode: ServerFrames.text, Array($0.utf8)) } ?? []
    }
}
