import WebSockets

/// One client of `/ws/price`: unasked, every followed symbol's price and day, then whatever changes.
struct PriceSession: Sendable {
    let board: LiveBoard
    let limits: FeedLimits
    let metrics: FeedMetrics

    /// Runs until the client leaves.
    func run(_ session: WebSocketSession) async throws {
        let mailbox = Mailbox(limits: limits.mailbox)
        defer {
            board.remove(mailbox)
            mailbox.finish()
        }
        board.subscribeToAllDays(mailbox)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // There is nothing to say here; what a client says anyway is passed over.
                for await _ in session.messages {}
            }
            group.addTask { try await write(session, mailbox) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func write(_ session: WebSocketSession, _ mailbox: Mailbox) async throws {
        for await _ in mailbox.wakeups {
            try await session.waitUntilDrained()
            let messages = board.take(mailbox)
            for message in messages { try await session.send(message.frame) }
            metrics.countFrames(messages.count)
            // Changes that come meanwhile are one change.
            try await Task.sleep(for: .milliseconds(limits.priceEveryMillis))
        }
    }
}
