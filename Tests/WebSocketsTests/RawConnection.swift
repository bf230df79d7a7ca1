import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A TCP connection that says exactly what a test wants, well-formed or not.
final class RawConnection: Sendable {
    struct Frame: Equatable {
        let opcode: UInt8
        let payload: [UInt8]

        var closeCode: Int? {
            opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
        }
    }

    private let channel: any Channel
    private let received: Received

    fileprivate final class Received: Sendable {
        let state = Mutex<(bytes: [UInt8], isClosed: Bool)>(([], false))
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let received: Received

        init(_ received: Received) { self.received = received }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            received.state.withLock { $0.bytes.append(contentsOf: bytes.readableBytesView) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            received.state.withLock { $0.isClosed = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private init(_ channel: any Channel, _ received: Received) {
        self.channel = channel
        self.received = received
    }

    static func open(port: Int, reads: Bool = true) async throws -> RawConnection {
        let received = Received()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 16_384)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(received))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel, received)
    }

    /// Connected and upgraded.
    static func webSocket(port: Int, path: String = "/ws", reads: Bool = true) async throws -> RawConnection {
        let connection = try await open(port: port, reads: true)
        try await connection.send(text: upgradeRequest(path))
        let head = try await connection.head()
        try #require(head.hasPrefix("HTTP/1.1 101"), "\(head)")
        if !reads { try await connection.channel.setOption(.autoRead, value: false).get() }
        return connection
    }

    static func upgradeRequest(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    func send(text: String) async throws { try await send(Array(text.utf8)) }

    /// A frame as a client sends it; `mask` nil breaks the rules.
    func send(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, reserved: UInt8 = 0,
        mask: [UInt8]? = [1, 2, 3, 4]
    ) async throws {
        try await send(Self.frame(opcode, payload, isFinal: isFinal, reserved: reserved, mask: mask))
    }

    static func frame(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, reserved: UInt8 = 0,
        mask: [UInt8]? = [1, 2, 3, 4]
    ) -> [UInt8] {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved | opcode]
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        if payload.count < 126 {
            bytes.append(UInt8(payload.count) | maskBit)
        } else if payload.count < 65_536 {
            bytes += [126 | maskBit, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        } else {
            bytes.append(127 | maskBit)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        if let mask {
            bytes += mask
            bytes += payload.enumerated().map { $1 ^ mask[$0 % 4] }
        } else {
            bytes += payload
        }
        return bytes
    }

    var isClosed: Bool { received.state.withLock { $0.isClosed } }

    func close() { channel.close(promise: nil) }

    /// The head of an HTTP response.
    func head() async throws -> String {
        String(decoding: try await take(through: Array("\r\n\r\n".utf8)), as: UTF8.self)
    }

    /// The body of an HTTP response of which the length is known.
    func body(_ text: String) async throws { _ = try await take(through: Array(text.utf8)) }

    /// All that came until the peer closed the socket.
    func rest() async throws -> String {
        try await eventually("the peer closes") { self.isClosed }
        return received.state.withLock { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// The next frame; those of a server are not masked.
    func frame() async throws -> Frame {
        let result = Mutex<Frame?>(nil)
        try await eventually("a frame comes") {
            let frame = self.received.state.withLock { Self.takeFrame(&$0.bytes) }
            result.withLock { $0 = frame }
            return frame != nil
        }
        return try #require(result.withLock { $0 })
    }

    private func take(through end: [UInt8]) async throws -> [UInt8] {
        let result = Mutex<[UInt8]>([])
        try await eventually("the bytes come") {
            self.received.state.withLock { state in
                guard let found = state.bytes.firstRange(of: end) else { return false }
                result.withLock { $0 = Array(state.bytes[..<found.upperBound]) }
                state.bytes.removeSubrange(..<found.upperBound)
                return true
            }
        }
        return result.withLock { $0 }
    }

    private static func takeFrame(_ bytes: inout [UInt8]) -> Frame? {
        guard bytes.count >= 2 else { return nil }
        var start = 2
        var length = Int(bytes[1])
        let extra = length == 126 ? 2 : length == 127 ? 8 : 0
        if extra > 0 {
            guard bytes.count >= 2 + extra else { return nil }
            length = bytes[2..<2 + extra].reduce(0) { $0 << 8 | Int($1) }
            start += extra
        }
        guard bytes.count >= start + length else { return nil }
        let frame = Frame(opcode: bytes[0] & 0x0F, payload: Array(bytes[start..<start + length]))
        bytes.removeSubrange(..<(start + length))
        return frame
    }
}
