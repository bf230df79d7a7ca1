import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Asks a server for the upgrade and makes the pipeline a session's.
///
/// Not NIO's own upgrade handler, because that hides the status of a server that refuses (429, 451, 503), which decides
/// when and where to try again.
final class WebSocketHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case awaitingHead
        case refused(HTTPResponseHead)
        /// What comes in now is held.
        case upgrading
        case done
    }

    let result: EventLoopPromise<WebSocketSession>
    private let address: WebSocketAddress
    private let configuration: WebSocketClientConfiguration
    private let upgrader: NIOWebSocketClientUpgrader
    private var state = State.awaitingHead
    private var body = ByteBuffer()
    private static let maxBodyBytes = 512
    private let hold: HandshakeHold
    private var deadline: Scheduled<Void>?

    /// - Parameter hold: stands in front of HTTP's decoder.
    init(
        address: WebSocketAddress, configuration: WebSocketClientConfiguration, hold: HandshakeHold,
        result: EventLoopPromise<WebSocketSession>
    ) {
        self.address = address
        self.configuration = configuration
        self.hold = hold
        self.result = result
        upgrader = NIOWebSocketClientUpgrader { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        deadline = context.eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(configuration.connectTimeout)
        ) { [weak self] in
            self?.fail(WebSocketError(.timedOut, "no answer to the WebSocket handshake in time"), context)
        }
        if context.channel.isActive { sendRequest(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        if case .done = state { return }
        result.fail(WebSocketError(.closed, "the server closed the connection during the WebSocket handshake"))
    }

    func channelActive(context: ChannelHandlerContext) {
        sendRequest(context)
        context.fireChannelActive()
    }

    private func sendRequest(_ context: ChannelHandlerContext) {
        var headers: HTTPHeaders = ["host": address.authority, "upgrade": "websocket", "connection": "Upgrade"]
        for (name, value) in configuration.headers { headers.add(name: name, value: value) }
        upgrader.addCustom(upgradeRequestHeaders: &headers)
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .awaitingHead:
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            guard head.status == .switchingProtocols else {
                state = .refused(head)
                return
            }
            guard upgrader.shouldAllowUpgrade(upgradeResponse: head) else {
                fail(WebSocketError(.refused(status: 101), "the server's Sec-WebSocket-Accept is wrong"), context)
                return
            }
            state = .upgrading
            upgrade(context)
        case .refused(let head):
            switch unwrapInboundIn(data) {
            case .head: break
            case .body(let bytes):
                body.writeBytes(bytes.readableBytesView.prefix(Self.maxBodyBytes - body.readableBytes))
            case .end: refuse(head, context)
            }
        case .upgrading:
            break
        case .done:
            context.fireChannelRead(data)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .done = state {
            context.fireErrorCaught(error)
        } else {
            fail(WebSocketError(.unreachable, "\(address.host) port \(address.port): \(Self.words(error))"), context)
        }
    }

    /// BoringSSL's words for the commonest failure name a line of its sources, not what to look at.
    private static func words(_ error: any Error) -> String {
        guard "\(error)".contains("CERTIFICATE_VERIFY_FAILED") else { return "\(error)" }
        return "its certificate was not signed by an authority that is trusted here, or is not valid now"
    }

    private func refuse(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        var sentence = "the server refused the WebSocket with status \(head.status.code) \(head.status.reasonPhrase)"
        if body.readableBytes > 0 { sentence += ": \(String(buffer: body))" }
        fail(
            WebSocketError(
                .refused(status: Int(head.status.code)), sentence,
                retryAfterSeconds: head.headers.first(name: "retry-after").flatMap { Int($0) }),
            context)
    }

    private func upgrade(_ context: ChannelHandlerContext) {
        hold.begin()
        let pipeline = context.pipeline.syncOperations
        do {
            let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            pipeline.removeHandler(encoder, promise: nil)
            // At once, not in a task of its own: if the end came in the same read, the task that takes the pipeline
            // apart is next in line. While the decoder is there the session cannot begin, which writes bytes.
            pipeline.removeHandler(decoder).assumeIsolated().whenComplete { result in
                switch result {
                case .success: self.finish(context)
                case .failure(let error): self.fail(error, context)
                }
            }
        } catch {
            fail(error, context)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard case .upgrading = state else { return }
        do {
            let handler = WebSocketSessionHandler(role: .client, configuration: configuration.session)
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(
                ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: configuration.maxMessageBytes)))
            try pipeline.addHandler(handler)
            state = .done
            deadline?.cancel()
            result.succeed(WebSocketSession(channel: context.channel, handler: handler, role: .client))
            if let frames = hold.release() {
                context.fireChannelRead(NIOAny(frames))
                context.fireChannelReadComplete()
            }
            pipeline.removeHandler(hold, promise: nil)
            pipeline.removeHandler(self, promise: nil)
        } catch {
            fail(error, context)
        }
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        if case .done = state { return }
        state = .done
        result.fail(error)
        context.close(promise: nil)
    }
}
