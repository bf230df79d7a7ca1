import NIOCore
import NIOWebSocket

/// The channel's end of a session: carries out what the state machine says, and keeps the times.
final class WebSocketSessionHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let link: WebSocketSessionLink
    private let configuration: WebSocketSessionConfiguration
    private let role: WebSocketStateMachine.Role
    private var machine: WebSocketStateMachine
    private var context: ChannelHandlerContext?

    /// What one read of the socket brought, handed over together.
    private var received: [WebSocketMessage] = []
    private var receivedBytes = 0
    private var isReadHeld = false

    /// Asked for frames when it has announced some and the socket's buffer took all that was before.
    private var source: (any WebSocketFrameSource)?
    private var isAnnounced = false

    /// Taken from the outbox or the source, not yet by the socket's buffer.
    private var unwritten: [ByteBuffer] = []
    private var unwrittenStart = 0
    /// While the socket's buffer is full only the newest answer to a ping is kept: a flood of pings takes no memory.
    private var latestPong: ByteBuffer?
    private var closeFrame: ByteBuffer?
    private var finishesAfterClose = false

    /// Nil where no pings are sent.
    private var pings: PingSchedule?
    private var pingTimer: Scheduled<Void>?
    private var closeDeadline: Scheduled<Void>?

    init(role: WebSocketStateMachine.Role, configuration: WebSocketSessionConfiguration) {
        self.role = role
        self.configuration = configuration
        machine = WebSocketStateMachine(role: role, maxMessageBytes: configuration.maxMessageBytes)
        link = WebSocketSessionLink(configuration)
    }

    // MARK: The channel's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard let interval = configuration.pingInterval else { return }
        pings = PingSchedule(
            interval: TimeAmount(interval), timeout: TimeAmount(configuration.pongTimeout), now: context.eventLoop.now)
        setPingTimer(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            // An upgraded pipeline has nobody else who would notice the server's shutdown.
            close(.goingAway, "the server shuts down")
        case let event as ChannelEvent where event == .inputClosed:
            // A WebSocket is of no use half closed.
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? NIOWebSocketError {
            deliverReceived()
            perform(machine.decodingFailed(error), context)
        } else if error is ByteToMessageDecoderError {
            // Bytes behind those that could not be cut into frames: dropped until the socket is closed.
        } else {
            context.close(promise: nil)
        }
    }

    private func end() {
        machine.connectionLost()
        deliverReceived()
        for timer in [pingTimer, closeDeadline] { timer?.cancel() }
        (pingTimer, closeDeadline) = (nil, nil)
        source = nil
        unwritten = []
        unwrittenStart = 0
        if let closure = machine.closure { link.end(closure) }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pings?.heard()
        perform(machine.receive(unwrapInboundIn(data)), context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        deliverReceived()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if link.inbox.allowsReading() {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    /// The reader took what was there.
    func resumeReading() {
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    private func deliverReceived() {
        guard !received.isEmpty else { return }
        link.inbox.append(received, bytes: receivedBytes)
        received = []
        receivedBytes = 0
    }

    private func perform(_ action: WebSocketStateMachine.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .none:
            break
        case .deliver(let message):
            received.append(message)
            receivedBytes += message.payload.readableBytes
        case .sendPong(let payload):
            latestPong = payload
            writeWhatFits(context)
        case .sendClose(let payload):
            startClosing(payload, context)
        case .answerClose(let payload), .fail(let payload):
            // What still waited for the peer is worth nothing to it now.
            unwritten = []
            unwrittenStart = 0
            // The server closes the socket first (RFC 6455, section 7.1.1), and whoever was wronged need not wait.
            if case .fail = action { finishesAfterClose = true } else { finishesAfterClose = role == .server }
            startClosing(payload, context)
        case .finish:
            context.close(promise: nil)
        }
    }

    // MARK: Writing

    func flushOutbox() {
        guard let context, machine.isOpen else { return }
        unwritten.append(contentsOf: link.outbox.takeAll())
        writeWhatFits(context)
    }

    /// From now on frames come from there, too.
    func draw(from source: any WebSocketFrameSource) {
        guard context != nil, machine.isOpen else { return }
        self.source = source
        drawAnnounced()
    }

    /// Frames may wait at the source.
    func drawAnnounced() {
        // Taken back before the source is asked: what comes to it meanwhile is announced anew.
        link.announcement.store(false, ordering: .sequentiallyConsistent)
        isAnnounced = true
        guard let context else { return }
        drawWhatFits(context)
    }

    private func drawWhatFits(_ context: ChannelHandlerContext) {
        guard isAnnounced, unwritten.isEmpty, let source, machine.isOpen, context.channel.isWritable else { return }
        isAnnounced = false
        for frames in source.waitingFrames() {
            let bytes = role == .server ? frames.encoded : frames.masked()
            link.outbox.drew(bytes: bytes.readableBytes)
            unwritten.append(bytes)
        }
        writeWhatFits(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeWhatFits(context)
        context.fireChannelWritabilityChanged()
    }

    private func writeWhatFits(_ context: ChannelHandlerContext) {
        var writtenBytes = 0
        var hasWritten = false
        if let pong = latestPong, context.channel.isWritable, machine.isOpen {
            latestPong = nil
            write(.pong, pong, context)
            hasWritten = true
        }
        while unwrittenStart < unwritten.count, context.channel.isWritable {
            let bytes = unwritten[unwrittenStart]
            unwrittenStart += 1
            writtenBytes += bytes.readableBytes
            context.write(wrapOutboundOut(bytes), promise: nil)
            hasWritten = true
        }
        if unwrittenStart == unwritten.count {
            unwritten.removeAll(keepingCapacity: unwrittenStart <= 1_024)
            unwrittenStart = 0
            writeCloseFrame(context)
        } else if unwrittenStart > 1_024 {
            unwritten.removeSubrange(..<unwrittenStart)
            unwrittenStart = 0
        }
        if hasWritten { context.flush() }
        if writtenBytes > 0 { link.outbox.written(bytes: writtenBytes) }
        drawWhatFits(context)
    }

    private func write(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrameBytes(opcode, payload)
        context.write(wrapOutboundOut(role == .server ? frame.encoded : frame.masked()), promise: nil)
    }

    // MARK: Pings

    private func setPingTimer(_ context: ChannelHandlerContext) {
        guard let due = pings?.due else { return }
        pingTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { [weak self] in
            self?.lookAtPings()
        }
    }

    private func lookAtPings() {
        guard let context, machine.isOpen else { return }
        switch pings?.step(now: context.eventLoop.now) {
        case .ping:
            // Into a full buffer a ping would only add to it; the answer is waited for all the same.
            guard context.channel.isWritable else { break }
            write(.ping, ByteBuffer(), context)
            context.flush()
        case .giveUp:
            // While this side does not read it cannot see an answer.
            if !isReadHeld { return close(.internalError, "no answer to a ping") }
        case .wait, nil:
            break
        }
        setPingTimer(context)
    }

    // MARK: Closing

    func close(_ code: WebSocketCloseCode, _ reason: String) {
        guard let context else { return }
        unwritten.append(contentsOf: machine.isOpen ? link.outbox.takeAll() : [])
        perform(machine.close(code, reason), context)
    }

    private func startClosing(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        pingTimer?.cancel()
        latestPong = nil
        deliverReceived()
        if let closure = machine.closure { link.end(closure) }
        // A peer that reads nothing must not keep the socket, nor a shutdown.
        closeDeadline = context.eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(configuration.closeTimeout)
        ) { [weak self] in
            self?.context?.close(promise: nil)
        }
        closeFrame = payload
        writeWhatFits(context)
    }

    private func writeCloseFrame(_ context: ChannelHandlerContext) {
        guard let payload = closeFrame else { return }
        closeFrame = nil
        write(.connectionClose, payload, context)
        context.flush()
        if finishesAfterClose { context.close(mode: .output, promise: nil) }
    }
}
