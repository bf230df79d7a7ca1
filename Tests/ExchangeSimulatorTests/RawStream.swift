import NIOCore
import NIOPosix
import Synchronization
import TestServers

/// A TCP connection upgraded to a WebSocket by hand: it sees frames that a client library answers by itself.
final class RawStream: Sendable {
    private let channel: any Channel
    private let received: Received

    fileprivate final class Received: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let received: Received

        init(_ received: Received) { self.received = received }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            received.bytes.withLock { $0.append(contentsOf: bytes.readableBytesView) }
        }
    }

    private init(_ channel: any Channel, _ received: Received) {
        self.channel = channel
        self.received = received
    }

    static func open(port: Int, path: String) async throws -> RawStream {
        let received = Received()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(received))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let request =
            "GET \(path) HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        try await channel.writeAndFlush(ByteBuffer(string: request))
        let stream = RawStream(channel, received)
        try await waitUntil("the upgrade", withinMillis: 20_000) {
            received.bytes.withLock { bytes in
                guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return false }
                bytes.removeSubrange(..<end.upperBound)
                return true
            }
        }
        return stream
    }

    /// The kinds of the frames so far; frames here are short ones.
    var opcodes: [UInt8] {
        received.bytes.withLock { bytes in
            var opcodes: [UInt8] = []
            var place = 0
            while place + 2 <= bytes.count {
                opcodes.append(bytes[place] & 0x0F)
                let short = Int(bytes[place + 1] & 0x7F)
                guard short == 126, place + 4 <= bytes.count else {
                    place += 2 + short
                    continue
                }
                place += 4 + Int(bytes[place + 2]) << 8 + Int(bytes[place + 3])
            }
            return opcodes
        }
    }

    func close() async { try? await channel.close() }
}
