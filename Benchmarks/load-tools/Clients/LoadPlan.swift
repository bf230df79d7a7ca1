import NIOCore

/// What all clients do.
struct LoadPlan: Sendable {
    let host: String
    let port: Int
    /// The upgrade's request.
    let handshake: ByteBuffer
    /// What is said once connected.
    let request: ByteBuffer?
    let clock: MessageClock
    let counting = Counting()

    /// - Parameters:
    ///   - path: `/feed`, with its query.
    ///   - request: a text, or nil for nothing.
    init(host: String, port: Int, path: String, request: String?, clock: MessageClock) {
        self.host = host
        self.port = port
        self.clock = clock
        // Any 16 bytes will do as a key, and nobody here checks what the server makes of them.
        handshake = ByteBuffer(
            string: """
                GET \(path) HTTP/1.1\r
                Host: \(host):\(port)\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: bG9hZC10b29scyBjbGllbg==\r
                \r\n
                """)
        self.request = request.map { Self.frame(opcode: ServerFrames.text, ByteBuffer(string: $0)) }
    }

    /// A client's frame of less than 64 KiB. Masked with zeros, which leaves the payload as it is.
    static func frame(opcode: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        var frame = ByteBuffer(bytes: [0x80 | opcode])
        if payload.readableBytes < 126 {
            frame.writeInteger(0x80 | UInt8(payload.readableBytes))
        } else {
            frame.writeInteger(0x80 | UInt8(126))
            frame.writeInteger(UInt16(clamping: payload.readableBytes))
        }
        frame.writeInteger(UInt32(0))
        frame.writeImmutableBuffer(payload)
        return frame
    }
}
