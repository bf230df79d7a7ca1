import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Testing
import WebSockets

/// A server that agrees, says its last word and leaves, all in one segment.
@Suite struct HandshakeTests {
    /// Answers the request for an upgrade with bytes behind the answer, and closes the socket.
    private final class HastyServer: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer

        private let frames: [UInt8]

        init(_ frames: [UInt8]) { self.frames = frames }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let request) = unwrapInboundIn(data) else { return }
            let upgrader = NIOWebSocketServerUpgrader(
                shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
                upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
            let channel = context.channel
            upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: request, initialResponseHeaders: [:])
                .whenSuccess { [frames] headers in
                    let lines = headers.map { "\($0.name): \($0.value)\r\n" }.joined()
                    var answer = ByteBuffer(string: "HTTP/1.1 101 Switching Protocols\r\n\(lines)\r\n")
                    answer.writeBytes(frames)
                    channel.writeAndFlush(answer, promise: nil)
                    channel.close(promise: nil)
                }
        }

        /// - Parameter frames: what stands behind the answer.
        static func with<Result>(_ frames: [UInt8], _ body: (String) async throws -> Result) async throws -> Result {
            // Linux's TCP_CORK (tcp(7)): no partial segment goes out before the end.
            let cork = NIOBSDSocket.Option(rawValue: 3)
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.tcpOption(cork), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                        try pipeline.addHandler(HastyServer(frames))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            do {
                let result = try await body("ws://127.0.0.1:\(server.localAddress?.port ?? 0)/")
                try await server.close()
                return result
            } catch {
                try? await server.close()
                throw error
            }
        }
    }

    @Test func readsWhatComesWithTheAnswerAndTheEnd() async throws {
        let hello: [UInt8] = [0x81, 5] + Array("hello".utf8)
        let goingAway: [UInt8] = [0x88, 5, 0x03, 0xE9] + Array("bye".utf8)
        try await HastyServer.with(hello + goingAway) { address in
            let client = try await WebSocketClient()
            for _ in 0..<20 {
                let session = try await client.connect(to: address)
                #expect(await session.nextBatch() == [.text(ByteBuffer(string: "hello"))])
                #expect(await session.nextBatch() == nil)
                #expect(session.closure?.code == .goingAway && session.closure?.reason == "bye")
            }
        }
    }

    @Test func isNotOpenWhereNothingCameButTheAnswer() async throws {
        try await HastyServer.with([]) { address in
            let session = try await WebSocketClient().connect(to: address)
            #expect(await session.nextBatch() == nil)
            #expect(session.closure?.code != .normal)
        }
    }
}
