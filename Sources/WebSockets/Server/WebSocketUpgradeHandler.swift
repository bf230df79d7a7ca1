import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// Waits for a connection's first request and makes the pipeline what that request asks for.
///
/// NIO's own `NIOTypedHTTPServerUpgradeHandler` loses the request whose upgrade is declined (2.101), so that a client
/// would wait for an answer that nobody gives; here the router gets it.
final class WebSocketUpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case awaitingHead
        /// The request was taken; its further parts are held.
        case deciding
        /// Its further parts are of no use to anyone.
        case upgrading
        /// The decoder is gone: what comes in now are frames, held as bytes.
        case switching
        case done
    }

    let outcome: EventLoopPromise<WebSocketServerChannel.Outcome>
    private let configuration: WebSocketServerConfiguration
    private let shouldUpgrade: WebSocketUpgradeDecider
    private let logger: Logger
    private var state = State.awaitingHead
    /// What came in while the pipeline was not ready for it.
    private var held: [NIOAny] = []
    /// A client has nothing to say before it is answered.
    private static let maxHeldReads = 64
    private var handshakeDeadline: Scheduled<Void>?

    init(
        configuration: WebSocketServerConfiguration, shouldUpgrade: @escaping WebSocketUpgradeDecider,
        outcome: EventLoopPromise<WebSocketServerChannel.Outcome>, logger: Logger
    ) {
        self.configuration = configuration
        self.shouldUpgrade = shouldUpgrade
        self.outcome = outcome
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        handshakeDeadline = context.eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(configuration.handshakeTimeout)
        ) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        handshakeDeadline?.cancel()
        guard case .done = state else {
            outcome.fail(ChannelError.eof)
            return
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .awaitingHead:
            guard case .head(let head) = unwrapInboundIn(data) else {
                context.close(promise: nil)
                return
            }
            if head.isWebSocketHandshake {
                state = .deciding
                decide(head, context)
            } else {
                let part = HTTPServerRequestPart.head(head.endsHTTP ? head.markedAsLast : head)
                becomeHTTP(context, first: wrapInboundOut(part))
            }
        case .upgrading:
            break
        case .deciding, .switching:
            held.append(data)
            if held.count > Self.maxHeldReads { context.close(promise: nil) }
        case .done:
            context.fireChannelRead(data)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .done = state {
            context.fireErrorCaught(error)
            return
        }
        if error is HTTPParserError, case .awaitingHead = state {
            for part in configuration.malformedRequestAnswer.parts {
                context.write(wrapOutboundOut(part), promise: nil)
            }
            context.flush()
        }
        logger.debug("connection ended before it was set up", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .done = state {
            context.fireUserInboundEventTriggered(event)
        } else if event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed {
            context.close(promise: nil)
        }
    }

    // MARK: Deciding

    private func decide(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request: WebSocketUpgradeRequest
        do {
            request = WebSocketUpgradeRequest(
                head: try HTTPRequest(head, secure: configuration.tls != nil, splitCookie: false),
                remoteAddress: context.channel.remoteAddress)
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
            return
        }
        let decision = context.eventLoop.makePromise(of: WebSocketUpgradeDecision.self)
        decision.completeWithTask { [shouldUpgrade] in try await shouldUpgrade(request) }
        decision.futureResult.assumeIsolated().whenComplete { result in
            guard context.channel.isActive, case .deciding = self.state else { return }
            switch result {
            case .success(.upgrade(let fields, let handler)):
                self.upgrade(head, HTTPHeaders(fields), handler, context)
            case .success(.dontUpgrade):
                self.becomeHTTP(context, first: self.wrapInboundOut(.head(head.markedAsLast)))
            case .failure(let error):
                self.logger.warning("deciding about an upgrade failed", metadata: ["error": "\(error)"])
                self.becomeHTTP(context, first: self.wrapInboundOut(.head(head.markedAsLast)))
            }
        }
    }

    private func becomeHTTP(_ context: ChannelHandlerContext, first: NIOAny) {
        do {
            let pipeline = context.pipeline.syncOperations
            if let marker = configuration.compressionMarker {
                try pipeline.addHandler(HTTPResponseCompressor.marked(by: marker))
            }
            try pipeline.addHandlers([
                UnaskedAnswers(configuration.malformedRequestAnswer),
                RequestGuard(
                    timeout: TimeAmount(configuration.requestTimeout), maxBodyBytes: configuration.maxRequestBodyBytes),
                LastRequestMarker(), HTTP1ToHTTPServerCodec(secure: configuration.tls != nil),
                HTTPConnectionStateHandler(idleTimeout: configuration.idleTimeout, logger: logger),
            ])
            let channel = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: context.channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            finish(.http(channel), context, first: first)
        } catch {
            fail(error, context)
        }
    }

    private func upgrade(
        _ head: HTTPRequestHead, _ extra: HTTPHeaders, _ handler: @escaping WebSocketHandler,
        _ context: ChannelHandlerContext
    ) {
        state = .upgrading
        held = []
        let handshake = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(extra) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        let pipeline = context.pipeline.syncOperations
        // The decoder goes before the answer is out, so that no frame reaches it.
        handshake.buildUpgradeResponse(channel: context.channel, upgradeRequest: head, initialResponseHeaders: [:])
            .assumeIsolated()
            .flatMap { headers in
                do {
                    let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
                    return pipeline.removeHandler(decoder).map { headers }
                } catch {
                    return context.eventLoop.makeFailedFuture(error)
                }
            }
            .flatMap { headers -> EventLoopFuture<Void> in
                self.state = .switching
                return context.writeAndFlush(
                    self.wrapOutboundOut(
                        .head(.init(version: .http1_1, status: .switchingProtocols, headers: headers))))
            }
            .flatMap { () -> EventLoopFuture<Void> in
                do {
                    return pipeline.removeHandler(try pipeline.handler(type: HTTPResponseEncoder.self))
                } catch {
                    return context.eventLoop.makeFailedFuture(error)
                }
            }
            .whenComplete { result in
                switch result {
                case .success: self.becomeWebSocket(handler, context)
                case .failure(let error): self.fail(error, context)
                }
            }
    }

    private func becomeWebSocket(_ handler: @escaping WebSocketHandler, _ context: ChannelHandlerContext) {
        do {
            let sessionHandler = WebSocketSessionHandler(role: .server, configuration: configuration.session)
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(
                ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: configuration.maxMessageBytes)))
            try pipeline.addHandler(sessionHandler)
            let session = WebSocketSession(channel: context.channel, handler: sessionHandler, role: .server)
            finish(.webSocket(session, handler), context, first: nil)
        } catch {
            fail(error, context)
        }
    }

    private func finish(_ result: WebSocketServerChannel.Outcome, _ context: ChannelHandlerContext, first: NIOAny?) {
        state = .done
        handshakeDeadline?.cancel()
        outcome.succeed(result)
        let parts = (first.map { [$0] } ?? []) + held
        held = []
        for part in parts { context.fireChannelRead(part) }
        if !parts.isEmpty { context.fireChannelReadComplete() }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}
