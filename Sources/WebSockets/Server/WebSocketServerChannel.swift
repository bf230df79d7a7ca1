public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOSSL

extension HTTPServerBuilder {
    /// A server for HTTP/1.1 and WebSockets on one port.
    ///
    /// - Parameter shouldUpgrade: asked for every well-formed WebSocket handshake that is the first request of its
    ///   connection. Any other goes to the router as plain HTTP: give the path a route that answers 426.
    public static func webSocketUpgrade(
        configuration: WebSocketServerConfiguration = .init(), shouldUpgrade: @escaping WebSocketUpgradeDecider
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            WebSocketServerChannel(
                responder: responder, configuration: configuration, shouldUpgrade: shouldUpgrade)
        }
    }
}

/// Sets up a server's connections: HTTP first, WebSocket where the first request asks for it.
public struct WebSocketServerChannel: ServerChildChannel, HTTPChannelHandler {
    /// A connection of which the first request decides what it becomes.
    public struct Value: ServerChildChannelValue {
        public let channel: any Channel
        let outcome: EventLoopFuture<Outcome>
    }

    enum Outcome: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(WebSocketSession, WebSocketHandler)
    }

    public let responder: Responder
    let configuration: WebSocketServerConfiguration
    let shouldUpgrade: WebSocketUpgradeDecider

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let buffer = max(configuration.writeBufferBytes, 2)
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: buffer / 2, high: buffer))
            if let bytes = configuration.socketSendBufferBytes {
                try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: .init(clamping: bytes))
            }
            let pipeline = channel.pipeline.syncOperations
            if let tls = configuration.tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = configuration.maxHeaderBytes
            limits.maxHeaderListSize = configuration.maxHeaderBytes
            limits.maxHeaderFieldCount = 200
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
            let handler = WebSocketUpgradeHandler(
                configuration: configuration, shouldUpgrade: shouldUpgrade,
                outcome: channel.eventLoop.makePromise(of: Outcome.self), logger: logger)
            try pipeline.addHandler(handler)
            return Value(channel: channel, outcome: handler.outcome.futureResult)
        }
    }

    public func handle(value: Value, logger: Logger) async {
        let outcome: Outcome
        do {
            outcome = try await value.outcome.get()
        } catch {
            logger.trace("connection ended before its first request", metadata: ["error": "\(error)"])
            value.channel.close(promise: nil)
            return
        }
        switch outcome {
        case .http(let asyncChannel): await handleHTTP(asyncChannel: asyncChannel, logger: logger)
        case .webSocket(let session, let handler):
            let executor = configuration.keepsSessionsOnEventLoop ? EventLoopExecutor(value.channel.eventLoop) : nil
            await withTaskExecutorPreference(executor) { await Self.run(session, handler, logger) }
        }
    }

    /// The session's task and a watch over its socket; whichever ends first ends the other.
    static func run(_ session: WebSocketSession, _ handler: @escaping WebSocketHandler, _ logger: Logger) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await handler(session)
                    await session.close(.normal)
                } catch let error as WebSocketCloseError {
                    await session.close(error.code, reason: error.reason)
                } catch {
                    if session.closure == nil {
                        logger.warning("a WebSocket session failed", metadata: ["error": "\(error)"])
                    }
                    await session.close(.internalError)
                }
            }
            group.addTask { await session.waitUntilClosed() }
            await group.next()
            group.cancelAll()
        }
    }
}
