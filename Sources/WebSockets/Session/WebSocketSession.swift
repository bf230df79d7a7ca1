public import NIOCore

/// One WebSocket connection, of a server or a client.
///
/// Any task may send; one task reads.
public final class WebSocketSession: Sendable {
    /// The peer, where the socket knows it.
    public let remoteAddress: SocketAddress?

    private let channel: any Channel
    private let link: WebSocketSessionLink
    private let role: WebSocketStateMachine.Role
    private let handler: NIOLoopBound<WebSocketSessionHandler>
    private let announced: AnnouncedSessions

    /// On the channel's event loop.
    init(
        channel: any Channel, handler: WebSocketSessionHandler, role: WebSocketStateMachine.Role
    ) {
        remoteAddress = channel.remoteAddress
        self.channel = channel
        self.role = role
        link = handler.link
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        announced = AnnouncedSessions.of(channel.eventLoop)
    }

    // MARK: Reading

    /// The messages in order; ends when the session is over or the reading task is cancelled.
    public var messages: WebSocketMessages { WebSocketMessages(session: self) }

    /// All messages that wait, one at least: for hot paths.
    ///
    /// - Returns: nil when the session is over or the task is cancelled.
    public func nextBatch() async -> [WebSocketMessage]? {
        let (messages, resumesReading) = await link.inbox.takeAll()
        if resumesReading { channel.eventLoop.execute { [handler] in handler.value.resumeReading() } }
        return messages
    }

    // MARK: Sending

    /// Sends frames, waiting while the limit of waiting bytes is reached.
    ///
    /// - Throws: ``WebSocketError`` with code `closed` when the session is over, `CancellationError` when the task is
    ///   cancelled while it waits.
    public func send(_ frames: WebSocketFrameBytes) async throws {
        let bytes = role == .server ? frames.encoded : frames.masked()
        while true {
            switch link.outbox.offer(bytes) {
            case .accepted(let schedulesFlush):
                if schedulesFlush { flush() }
                return
            case .full:
                try Task.checkCancellation()
                await link.outbox.waitForRoom()
            case .closed:
                throw WebSocketError.closed(link.closure)
            }
        }
    }

    public func send(text: String) async throws { try await send(.text(text)) }
    /// - Parameter text: UTF-8.
    public func send(text: ByteBuffer) async throws { try await send(.text(text)) }
    public func send(binary: ByteBuffer) async throws { try await send(.binary(binary)) }

    /// Sends frames if less than the limit waits; never waits itself.
    public func offer(_ frames: WebSocketFrameBytes) -> WebSocketOfferResult {
        switch link.outbox.offer(role == .server ? frames.encoded : frames.masked()) {
        case .accepted(let schedulesFlush):
            if schedulesFlush { flush() }
            return .accepted
        case .full: return .full
        case .closed: return .closed
        }
    }

    /// Sends what `source` gives from now on, whenever it was announced and the socket's buffer took all that was
    /// before. For thousands of sessions that hear of the same moment: no task is woken for it. Frames that are sent
    /// beside it may come before or after those.
    public func draw(from source: any WebSocketFrameSource) {
        channel.eventLoop.execute { [handler] in handler.value.draw(from: source) }
    }

    /// Says that frames wait at the source. From any thread; announcements that come before the last one was looked at
    /// are one.
    public func announceFrames() {
        guard !link.announcement.exchange(true, ordering: .sequentiallyConsistent) else { return }
        announced.add(handler)
    }

    /// Waits until the socket's buffer took everything: who sends only the latest value asks this first.
    ///
    /// - Throws: as ``send(_:)``.
    public func waitUntilDrained() async throws {
        await link.outbox.waitUntilEmpty()
        try Task.checkCancellation()
        if let closure = link.closure { throw WebSocketError.closed(closure) }
    }

    /// Bytes that the socket's buffer has not taken yet.
    public var waitingBytes: Int { link.outbox.waitingBytes }

    // MARK: Ending

    /// How the connection ended, or is about to; nil while it is open.
    public var closure: WebSocketClosure? { link.closure }

    /// Ends the connection: what waits is sent, then a close frame; returns when the socket is closed, which takes at
    /// most the configured close timeout.
    public func close(_ code: WebSocketCloseCode = .normal, reason: String = "") async {
        channel.eventLoop.execute { [handler] in handler.value.close(code, reason) }
        await waitUntilClosed()
    }

    /// Closes the socket at once, with no closing handshake.
    public func abort() { channel.close(mode: .all, promise: nil) }

    /// Sends the beginning of a frame and closes the socket: what a broken connection leaves behind. For simulators.
    public func abort(insideOf frames: WebSocketFrameBytes) async {
        let bytes = role == .server ? frames.encoded : frames.masked()
        if let part = bytes.getSlice(at: bytes.readerIndex, length: max(1, bytes.readableBytes / 2)),
            case .accepted(let schedulesFlush) = link.outbox.offer(part)
        {
            if schedulesFlush { flush() }
            await link.outbox.waitUntilEmpty()
        }
        abort()
    }

    /// Returns when the socket is closed.
    public func waitUntilClosed() async { try? await channel.closeFuture.get() }

    private func flush() {
        channel.eventLoop.execute { [handler] in handler.value.flushOutbox() }
    }
}
