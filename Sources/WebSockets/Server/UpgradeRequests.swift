import NIOCore
import NIOHTTP1

extension HTTPRequestHead {
    /// Whether the parser stops behind this request because another protocol may follow: the connection then takes no
    /// further request, whatever the answer.
    var endsHTTP: Bool {
        method == .CONNECT
            || (headers.contains(name: "upgrade")
                && headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" })
    }

    /// Whether the request is a WebSocket handshake that can be answered with an upgrade (RFC 6455, section 4.2.1).
    var isWebSocketHandshake: Bool {
        method == .GET && version == .http1_1 && endsHTTP
            && headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && headers["sec-websocket-version"] == ["13"]
            && headers["sec-websocket-key"].count == 1
            && headers["sec-websocket-key"].allSatisfy { $0.utf8.count == 24 }
            && !headers.contains(name: "content-length") && !headers.contains(name: "transfer-encoding")
    }

    /// The same request, marked as the last one of its connection.
    var markedAsLast: HTTPRequestHead {
        var head = self
        head.headers.replaceOrAdd(name: "connection", value: "close")
        return head
    }
}

/// On a connection that speaks HTTP: a request that asks for an upgrade is answered by the router and is the last.
///
/// Without this it would be answered and every later request of the connection left unread.
final class LastRequestMarker: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), head.endsHTTP else {
            context.fireChannelRead(data)
            return
        }
        context.fireChannelRead(wrapInboundOut(.head(head.markedAsLast)))
    }
}
