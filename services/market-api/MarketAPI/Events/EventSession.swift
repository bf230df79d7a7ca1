import Hummingbird
import ServiceLifecycle

/// One client of `/events`: the messages of `/feed` as server-sent events.
struct EventSession: Sendable {
    /// Written at once at most.
    private static let chunkBytes = 65_536
    /// How long a client waits before it comes again.
    private static let retryMillis = 2_000

    let board: LiveBoard
    let limits: FeedLimits
    let metrics: FeedMetrics
    let request: EventRequest

    /// Runs until the client leaves or the server shuts down.
    func run(_ writer: inout any ResponseBodyWriter) async throws {
        let mailbox = Mailbox(limits: limits.mailbox)
        defer {
            board.remove(mailbox)
            mailbox.finish()
        }
        var cursor = request.cursor
        _ = board.subscribe(
            mailbox, to: request.instruments, request.selection, replies: [],
            resuming: request.lastEventID.map(cursor.resumption))
        board.subscribeToStatus(mailbox)
        try await writer.write(ByteBuffer(string: "retry: \(Self.retryMillis)\n\n"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await gracefulShutdown()
                mailbox.finish()
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(limits.keepAliveMillis))
                    mailbox.wake()
                }
            }
            defer { group.cancelAll() }
            for await _ in mailbox.wakeups {
                try await write(board.take(mailbox), &cursor, to: &writer)
            }
        }
    }

    private func write(
        _ messages: [FeedMessage], _ cursor: inout EventCursor, to writer: inout any ResponseBodyWriter
    ) async throws {
        // Woken though there was nothing.
        guard !messages.isEmpty else { return try await writer.write(ByteBuffer(string: ": keep-alive\n\n")) }
        metrics.countGaps(messages)
        var buffer = ByteBuffer()
        for message in messages {
            Self.append(message, &cursor, to: &buffer)
            if buffer.readableBytes >= Self.chunkBytes {
                try await writer.write(buffer)
                buffer.clear()
            }
        }
        if buffer.readableBytes > 0 { try await writer.write(buffer) }
        metrics.countEvents(messages.count)
    }

    private static func append(_ message: FeedMessage, _ cursor: inout EventCursor, to buffer: inout ByteBuffer) {
        buffer.writeString("event: \(message.kind.rawValue)\n")
        if cursor.take(message), let id = cursor.id { buffer.writeString("id: \(id)\n") }
        buffer.writeStaticString("data: ")
        // JSON of one line: no newline can stand in it.
        for payload in message.frame.payloads { buffer.writeImmutableBuffer(payload) }
        buffer.writeStaticString("\n\n")
    }
}
