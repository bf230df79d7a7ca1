import NIOCore
import ServiceKit
import Synchronization

/// What one client has seen. Written by its event loop, read at the end.
final class ClientRecord: Sendable {
    struct State {
        /// Of each message that counts, in the order of arrival.
        var agesMicros: [Int32] = []
        var bytes = 0
        var isClosed = false
    }

    let state = Mutex(State())
}

/// Whether what arrives is counted: not while clients still connect.
final class Counting: Sendable {
    let isOn = Atomic(false)
}

/// One WebSocket client on its event loop: the handshake, what it asks for, then reading.
final class LoadClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let plan: LoadPlan
    private let record: ClientRecord
    private let opened: EventLoopPromise<Void>
    private var frames = ServerFrames()
    private var isOpen = false

    /// - Parameter opened: succeeds once the server has agreed.
    init(_ plan: LoadPlan, _ record: ClientRecord, opened: EventLoopPromise<Void>) {
        self.plan = plan
        self.record = record
        self.opened = opened
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(plan.handshake), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        frames.append(&bytes)
        if !isOpen {
            guard let head = frames.takeHead() else { return }
            guard head.hasPrefix("HTTP/1.1 101") else {
                opened.fail(LoadError(reason: String(head.prefix { $0 != "\r\n" })))
                context.close(promise: nil)
                return
            }
            isOpen = true
            opened.succeed()
            if let request = plan.request { context.writeAndFlush(wrapOutboundOut(request), promise: nil) }
        }
        read(context)
    }

    private func read(_ context: ChannelHandlerContext) {
        let counts = plan.counting.isOn.load(ordering: .relaxed)
        let now = TimeSource.system.wallMicros
        record.state.withLock { state in
            while let frame = frames.next() {
                if frame.opcode == ServerFrames.ping {
                    let pong = LoadPlan.frame(opcode: 10, frame.payload)
                    context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
                } else if counts, let age = plan.clock.age(of: frame.payload, nowMicros: now) {
                    state.agesMicros.append(Int32(clamping: age))
                    state.bytes += frame.payload.readableBytes
                }
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        opened.fail(LoadError(reason: "closed during the handshake"))
        record.state.withLock { $0.isClosed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Why a client is not connected.
struct LoadError: Error {
    let reason: String
}
