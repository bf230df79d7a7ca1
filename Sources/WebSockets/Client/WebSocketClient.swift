public import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Opens WebSocket connections.
public struct WebSocketClient: Sendable {
    private let configuration: WebSocketClientConfiguration
    private let tls: NIOSSLContext
    private let group: any EventLoopGroup

    /// Reads the certificate authorities.
    ///
    /// - Throws: ``WebSocketError`` with code `tlsConfiguration` when they cannot be used.
    public init(
        _ configuration: WebSocketClientConfiguration = .init(),
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws {
        self.configuration = configuration
        group = eventLoopGroup
        let path = configuration.authoritiesPath
        do {
            // Files are read here: not on a thread of the cooperative pool.
            tls = try await NIOThreadPool.singleton.runIfActive {
                var tls = TLSConfiguration.makeClientConfiguration()
                if let path { tls.trustRoots = .file(path) }
                return try NIOSSLContext(configuration: tls)
            }
        } catch {
            throw WebSocketError(
                .tlsConfiguration, "the certificate authorities of \(path ?? "the system") cannot be used: \(error)")
        }
    }

    /// Connects and upgrades. The caller closes the session.
    ///
    /// - Parameter address: `ws://host:port/path?query` or `wss://…`.
    /// - Throws: ``WebSocketError``.
    public func connect(to address: String) async throws -> WebSocketSession {
        let address = try WebSocketAddress(address)
        let handshake: EventLoopFuture<WebSocketSession>
        do {
            handshake = try await ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(configuration.connectTimeout))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try setUp(channel, for: address) }
                }
        } catch {
            throw WebSocketError(
                .unreachable, "\(address.host) port \(address.port) cannot be reached: \(Self.words(error))")
        }
        return try await handshake.get()
    }

    private func setUp(_ channel: any Channel, for address: WebSocketAddress) throws -> EventLoopFuture<
        WebSocketSession
    > {
        let pipeline = channel.pipeline.syncOperations
        if address.isSecure {
            try pipeline.addHandler(
                NIOSSLClientHandler(context: tls, serverHostname: address.isNumericHost ? nil : address.host))
        }
        let hold = HandshakeHold()
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(hold)
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
        let handler = WebSocketHandshakeHandler(
            address: address, configuration: configuration, hold: hold,
            result: channel.eventLoop.makePromise(of: WebSocketSession.self))
        try pipeline.addHandler(handler)
        return handler.result.futureResult
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { "\(first.error)" } else { "the name cannot be resolved" }
        case ChannelError.connectTimeout: "no answer in time"
        default: "\(error)"
        }
    }
}
