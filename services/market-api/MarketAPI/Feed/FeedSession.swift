import Logging
import MarketCore
import ServiceKit
import WebSockets

/// One client of `/feed`: it says what it wants, gets a snapshot, then what changes.
struct FeedSession: Sendable {
    let board: LiveBoard
    let limits: FeedLimits
    let intervals: [Interval]
    let metrics: FeedMetrics

    /// Runs until the client leaves or is sent away.
    func run(_ session: WebSocketSession) async throws {
        let mailbox = Mailbox(limits: limits.mailbox, onWake: { session.announceFrames() })
        defer {
            board.remove(mailbox)
            mailbox.finish()
        }
        board.subscribeToStatus(mailbox)
        session.draw(from: Source(board: board, mailbox: mailbox, metrics: metrics))
        try await read(session, mailbox)
    }

    /// What the session sends. Asked when the socket has room for it, so that values are the newest then.
    private struct Source: WebSocketFrameSource {
        let board: LiveBoard
        let mailbox: Mailbox
        let metrics: FeedMetrics

        func waitingFrames() -> [WebSocketFrameBytes] {
            let messages = board.take(mailbox)
            metrics.countGaps(messages)
            metrics.sent(messages)
            return messages.map(\.frame)
        }
    }

    private func read(_ session: WebSocketSession, _ mailbox: Mailbox) async throws {
        var followed: Set<Subscription> = []
        for await message in session.messages {
            guard case .text(let text) = message else {
                throw WebSocketCloseError(.unacceptable, "send JSON as text")
            }
            guard answer(Array(buffer: text), &followed, mailbox) else {
                throw WebSocketCloseError(.policyViolation, "read the replies before asking for more")
            }
        }
    }

    /// - Returns: false when the client has not read its earlier replies.
    private func answer(_ message: [UInt8], _ followed: inout Set<Subscription>, _ mailbox: Mailbox) -> Bool {
        do throws(FeedCommandError) {
            return try follow(FeedCommand(decoding: message, intervals: intervals), &followed, mailbox)
        } catch {
            return mailbox.reply([FeedFrame.error(id: error.id, code: error.code, detail: error.detail)])
        }
    }

    private func follow(
        _ command: FeedCommand, _ followed: inout Set<Subscription>, _ mailbox: Mailbox
    ) throws(FeedCommandError) -> Bool {
        switch command.operation {
        case .ping:
            return mailbox.reply([FeedFrame.pong(id: command.id)])
        case .subscribe:
            if let unknown = command.instruments.first(where: { !board.isFollowed($0) }) {
                throw FeedCommandError(
                    code: "unknown_symbol", id: command.id,
                    detail: "\(unknown.key) is not followed: /symbols lists those that are.")
            }
            let wanted = followed.union(Subscription.all(command.instruments, command.selection))
            guard wanted.count <= limits.subscriptionsPerClient else {
                throw FeedCommandError(
                    code: "too_many_subscriptions", id: command.id,
                    detail: "A client may have \(limits.subscriptionsPerClient) subscriptions: open another connection."
                )
            }
            followed = wanted
            return board.subscribe(
                mailbox, to: command.instruments, command.selection,
                replies: [FeedFrame.subscribed(id: command.id, followed)])
        case .unsubscribe:
            board.unsubscribe(mailbox, from: command.instruments, command.selection)
            followed.subtract(Subscription.all(command.instruments, command.selection))
            return mailbox.reply([FeedFrame.subscribed(id: command.id, followed)])
        }
    }
}
