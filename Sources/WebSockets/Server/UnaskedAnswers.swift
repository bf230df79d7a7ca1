import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// Takes care of answers that belong to no request: Hummingbird answers so, with an empty 400, to what is no HTTP. The
/// answer gets a body here and is led around the compressor, which ends the process when there are more answers than
/// requests.
///
/// One that would come into the middle of another answer is let go, and the connection closed.
final class UnaskedAnswers: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case answering
        /// The answer is given; what Hummingbird still writes of its own is let go.
        case refused
        case closing
    }

    private let answer: MalformedRequestAnswer
    /// Requests whose answers have not begun.
    private var openCount = 0
    private var state = State.idle

    init(_ answer: MalformedRequestAnswer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { openCount += 1 }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch (unwrapOutboundIn(data), state) {
        case (.head, .idle) where openCount > 0:
            openCount -= 1
            state = .answering
            context.write(data, promise: promise)
        case (.head, .idle):
            state = .refused
            refuse(context, promise)
        case (.head, _):
            state = .closing
            promise?.fail(ChannelError.ioOnClosedChannel)
            context.close(promise: nil)
        case (let part, .answering):
            if case .end = part { state = .idle }
            context.write(data, promise: promise)
        case (_, .refused): promise?.succeed()
        case (_, .closing), (_, .idle): promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }

    private func refuse(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let operations = context.pipeline.syncOperations
        let past = (try? operations.context(handlerType: HTTPResponseCompressor.self)) ?? context
        let parts = answer.parts
        for part in parts.dropLast() { past.write(wrapOutboundOut(part), promise: nil) }
        if let last = parts.last { past.writeAndFlush(wrapOutboundOut(last), promise: promise) }
    }
}
