import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket server of NIO alone, with an event loop for each core as the API has: all clients are sent the same
/// bytes, and what they say is passed over.
final class FrameServer: Sendable {
    private typealias Clients = NIOLoopBoundBox<[ObjectIdentifier: FrameWriter]>

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    /// Of each event loop, by its identity.
    private let clients: [ObjectIdentifier: Clients]

    init() {
        clients = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map {
                (ObjectIdentifier($0), Clients.makeBoxSendingValue([:], eventLoop: $0))
            })
    }

    /// Listens at 127.0.0.1.
    func start(port: Int) async throws {
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { [clients] channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let own = clients[ObjectIdentifier(channel.eventLoop)] else { return }
                    // Before the encoder: what is sent are frames already.
                    try channel.pipeline.syncOperations.addHandler(FrameWriter(own), position: .first)
                }
            })
        _ = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline(
                    withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    /// Sends frames, headers included, to every client.
    func send(_ frames: ByteBuffer) {
        for own in clients.values {
            own.eventLoop.execute {
                for client in own.value.values { client.send(frames) }
            }
        }
    }

    /// Adds a server's text frame of less than 64 KiB.
    static func append(text: RawSpan, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(0x81))
        if text.byteCount < 126 {
            buffer.writeInteger(UInt8(text.byteCount))
        } else {
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(clamping: text.byteCount))
        }
        buffer.writeBytes(text)
    }
}

/// One client's way to its socket.
private final class FrameWriter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let clients: NIOLoopBoundBox<[ObjectIdentifier: FrameWriter]>
    private var context: ChannelHandlerContext?

    init(_ clients: NIOLoopBoundBox<[ObjectIdentifier: FrameWriter]>) { self.clients = clients }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        clients.value[ObjectIdentifier(self)] = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        clients.value[ObjectIdentifier(self)] = nil
    }

    func send(_ bytes: ByteBuffer) { context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }
}
