import Synchronization
import WebSockets

/// What one client has not been sent yet.
///
/// Of prices and open candles it keeps only which have changed: the values are read from the board when the client can
/// take them, so a slow client gets the latest value later and its mailbox never grows. Closed candles must not be lost
/// silently: they wait up to a limit, and when that is reached they are dropped together and the client is told of the
/// gap. Replies to its own requests come before everything else; a client that asks and does not read is put off.
final class Mailbox: Sendable {
    /// Why a client has to read history again.
    enum Gap: String, Sendable {
        /// It did not read fast enough.
        case slowClient = "slow_client"
        /// The API itself was cut off from the live channel.
        case feedInterrupted = "feed_interrupted"
    }

    /// All that waits, in the order of its first change.
    struct Contents: Sendable {
        var replies: [WebSocketFrameBytes] = []
        var gap: Gap?
        var closed: [WebSocketFrameBytes] = []
        var topics: [LiveTopic] = []
    }

    private struct State {
        var replies: [WebSocketFrameBytes] = []
        var topics: Set<LiveTopic> = []
        var order: [LiveTopic] = []
        var closed: [ClosedCandleKey: WebSocketFrameBytes] = [:]
        var closedOrder: [ClosedCandleKey] = []
        var gap: Gap?
    }

    /// Yields when something waits; wake-ups that come before the client took the last ones are one.
    let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation
    private let closedLimit: Int
    private let replyLimit: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - closedLimit: how many closed candles wait at most.
    ///   - replyLimit: how many replies wait at most.
    init(closedLimit: Int, replyLimit: Int) {
        self.closedLimit = closedLimit
        self.replyLimit = replyLimit
        (wakeups, wakeup) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts replies in line.
    ///
    /// - Returns: false, and nothing is taken, when the client has not read those before.
    func reply(_ frames: [WebSocketFrameBytes]) -> Bool {
        let hasRoom = state.withLock { state in
            guard state.replies.count < replyLimit else { return false }
            state.replies += frames
            return true
        }
        if hasRoom { wakeup.yield() }
        return hasRoom
    }

    /// Notes that a value has changed.
    func mark(_ topic: LiveTopic) {
        let isNew = state.withLock { state in
            guard state.topics.insert(topic).inserted else { return false }
            state.order.append(topic)
            return true
        }
        if isNew { wakeup.yield() }
    }

    /// Forgets that a value has changed, when the client does not want it any more.
    func unmark(_ topic: LiveTopic) {
        state.withLock { state in
            guard state.topics.remove(topic) != nil else { return }
            state.order.removeAll { $0 == topic }
        }
    }

    /// Hands over a closed candle; the latest revision of a window is what counts.
    func deliver(_ frame: WebSocketFrameBytes, _ key: ClosedCandleKey) {
        state.withLock { state in
            if state.closed.updateValue(frame, forKey: key) == nil { state.closedOrder.append(key) }
            if state.closed.count > closedLimit {
                state.closed.removeAll()
                state.closedOrder.removeAll()
                state.gap = .slowClient
            }
        }
        wakeup.yield()
    }

    /// Notes that closed candles were lost before they came here.
    func deliver(_ gap: Gap) {
        state.withLock { $0.gap = gap }
        wakeup.yield()
    }

    /// Takes everything that waits.
    func take() -> Contents {
        state.withLock { state in
            let contents = Contents(
                replies: state.replies, gap: state.gap, closed: state.closedOrder.compactMap { state.closed[$0] },
                topics: state.order)
            state = State()
            return contents
        }
    }

    /// Ends `wakeups`.
    func finish() { wakeup.finish() }
}
