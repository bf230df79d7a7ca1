import Metrics
import Synchronization
import WebSockets

/// What one client of the streams has not been sent yet.
///
/// Trades and closed klines wait in line and are never left out: a client that lets more than the limit wait is sent
/// away. Of open klines and tickers it is only kept which have changed: the latest is read when the client can take it.
final class StreamMailbox: Sendable {
    struct Limits: Sendable {
        /// Trades and closed klines that wait.
        var messages = 4_096
        /// Their bytes; most clients share them.
        var bytes = 8 << 20
        /// Replies that wait for a client that asks and does not read.
        var replies = 64
    }

    /// All that waits, to be sent in this order.
    struct Contents: Sendable {
        var replies: [WebSocketFrameBytes] = []
        var messages: [WebSocketFrameBytes] = []
        /// In the order of their first change.
        var changed: [MarketStream] = []
    }

    private struct State {
        var waiting = Contents()
        var bytes = 0
        var changed: Set<MarketStream> = []
        var format: StreamFormat
        var isEnded = false
    }

    /// Yields when something waits; wake-ups that come before the client took the last ones are one.
    let wakeups: AsyncStream<Void>
    /// Why the client is sent away, once.
    let endings: AsyncStream<WebSocketCloseError>
    private let wakeup: AsyncStream<Void>.Continuation
    private let ending: AsyncStream<WebSocketCloseError>.Continuation
    private let limits: Limits
    private let state: Mutex<State>

    private static let slowClients = Counter(label: "websocket_slow_clients_closed_total")

    init(format: StreamFormat, limits: Limits = Limits()) {
        self.limits = limits
        state = Mutex(State(format: format))
        (wakeups, wakeup) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (endings, ending) = AsyncStream.makeStream(
            of: WebSocketCloseError.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// How the client wants its messages.
    var format: StreamFormat {
        get { state.withLock { $0.format } }
        set { state.withLock { $0.format = newValue } }
    }

    /// Puts a reply in line.
    ///
    /// - Returns: false, and nothing is taken, when the client has not read those before.
    func reply(_ frame: WebSocketFrameBytes) -> Bool {
        let hasRoom = state.withLock { state in
            guard state.waiting.replies.count < limits.replies else { return false }
            state.waiting.replies.append(frame)
            return true
        }
        if hasRoom { wakeup.yield() }
        return hasRoom
    }

    /// Puts a message in line that must not be left out.
    func deliver(_ frame: WebSocketFrameBytes) {
        let isTooMuch = state.withLock { state in
            guard !state.isEnded else { return false }
            state.waiting.messages.append(frame)
            state.bytes += frame.count
            return state.waiting.messages.count > limits.messages || state.bytes > limits.bytes
        }
        if isTooMuch {
            Self.slowClients.increment()
            end(WebSocketCloseError(.policyViolation, "the client reads too slowly"))
        } else {
            wakeup.yield()
        }
    }

    /// Notes that the latest message of a stream has changed.
    func mark(_ stream: MarketStream) {
        let isNew = state.withLock { state in
            guard !state.isEnded, state.changed.insert(stream).inserted else { return false }
            state.waiting.changed.append(stream)
            return true
        }
        if isNew { wakeup.yield() }
    }

    /// Forgets a change, when the client does not want the stream any more.
    func unmark(_ stream: MarketStream) {
        state.withLock { state in
            guard state.changed.remove(stream) != nil else { return }
            state.waiting.changed.removeAll { $0 == stream }
        }
    }

    /// Takes everything that waits.
    func take() -> Contents {
        state.withLock { state in
            defer {
                state.waiting = Contents()
                state.bytes = 0
                state.changed = []
            }
            return state.waiting
        }
    }

    /// Sends the client away; what waits is dropped.
    func end(_ reason: WebSocketCloseError) {
        state.withLock { state in
            state.isEnded = true
            state.waiting = Contents()
            state.bytes = 0
            state.changed = []
        }
        ending.yield(reason)
        ending.finish()
    }

    /// Ends `wakeups` and `endings`.
    func finish() {
        wakeup.finish()
        ending.finish()
    }
}
