import NIOCore
import NIOHTTP1

/// Closes a connection whose request takes too long to come in or has too large a body: who sends a byte now and then
/// is never idle. Of a body that said how large it is nothing is passed on: the answer to that can be read, and what
/// still comes in is let go.
final class RequestGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let timeout: TimeAmount
    private let maxBodyBytes: Int?
    private var bodyBytes = 0
    private var isBodyRefused = false
    private var deadline: Scheduled<Void>?

    init(timeout: TimeAmount, maxBodyBytes: Int?) {
        self.timeout = timeout
        self.maxBodyBytes = maxBodyBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            bodyBytes = 0
            let length = head.headers.first(name: "Content-Length").flatMap { Int($0) }
            isBodyRefused = length.map { $0 > maxBodyBytes ?? .max } ?? false
            let channel = context.channel
            deadline?.cancel()
            deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { channel.close(promise: nil) }
        case .body where isBodyRefused:
            return
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
            if let maxBodyBytes, bodyBytes > maxBodyBytes {
                stop()
                context.close(promise: nil)
                return
            }
        case .end:
            stop()
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    private func stop() {
        deadline?.cancel()
        deadline = nil
    }
}
