import Synchronization
import WebSockets

/// What one client has not been sent yet.
///
/// Of prices and open candles it keeps only which have changed: the values are read from the board when the client can
/// take them, so a slow client gets the latest value later and its mailbox never grows. Trades and closed candles must
/// not be lost silently: they wait in line up to a limit, and when that is reached they are dropped together; the
/// client is told what it did not get and is given a snapshot. Replies to its own requests stand in the same line and
/// are never dropped; a client that asks and does not read is put off.
final class Mailbox: Sendable {
    /// Why a client has to read history again.
    enum Gap: String, Sendable {
        /// It did not read fast enough.
        case slowClient = "slow_client"
        /// The API itself was cut off from its source.
        case feedInterrupted = "feed_interrupted"
        /// It was away, and says how far it had come.
        case reconnected = "reconnected"
    }

    struct Limits: Hashable, Sendable {
        /// Trades and closed candles that wait.
        var messages = 4_096
        /// Their bytes; most clients share them.
        var bytes = 8 << 20
        /// Replies that wait.
        var replies = 64
    }

    /// What a client does not get of one topic: everything from there on, until its snapshot.
    struct Loss: Hashable, Sendable {
        var fromSeq: Int64
        /// The earliest window of the candles that were dropped, unix seconds.
        var windowStart: Int64?

        mutating func note(_ position: FeedPosition) {
            fromSeq = min(fromSeq, position.seq)
            if let start = position.windowStart { windowStart = min(windowStart ?? start, start) }
        }
    }

    /// All that waits, in the order in which it is sent.
    struct Contents: Sendable {
        var messages: [FeedMessage] = []
        /// What broke off for everybody.
        var interrupted: Set<FeedNumbering> = []
        var lost: [LiveTopic: Loss] = [:]
        /// Values that have changed, in the order of their first change.
        var topics: [LiveTopic] = []
    }

    private struct State {
        var contents = Contents()
        var changed: Set<LiveTopic> = []
        var replies = 0
        var messages = 0
        var bytes = 0
        /// Something waits of which the client was told, and it has not come yet.
        var isCalled = false

        /// - Returns: whether the client has to be woken.
        mutating func call() -> Bool {
            defer { isCalled = true }
            return !isCalled
        }
    }

    /// Yields when something waits, unless the mailbox was given somebody to call; wake-ups that come before the client
    /// took the last ones are one.
    let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation
    private let onWake: (@Sendable () -> Void)?
    private let limits: Limits
    private let state = Mutex(State())

    /// - Parameter onWake: called when something waits, by whoever brought it: be quick.
    init(limits: Limits = Limits(), onWake: (@Sendable () -> Void)? = nil) {
        self.limits = limits
        self.onWake = onWake
        (wakeups, wakeup) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts replies in line.
    ///
    /// - Returns: false, and nothing is taken, when the client has not read those before.
    func reply(_ messages: [FeedMessage]) -> Bool {
        let (hasRoom, isCall) = state.withLock { state in
            guard state.replies < limits.replies else { return (false, false) }
            state.replies += messages.count
            state.contents.messages += messages
            return (true, state.call())
        }
        if isCall { wake() }
        return hasRoom
    }

    /// Notes that a value has changed.
    ///
    /// - Parameter calls: whether the client is to hear of it at once; if not it goes along with what comes next.
    /// - Returns: whether the client has to be woken for it.
    func mark(_ topic: LiveTopic, calls: Bool = true) -> Bool {
        state.withLock { state in
            if state.changed.insert(topic).inserted { state.contents.topics.append(topic) }
            return calls && state.call()
        }
    }

    /// - Returns: whether the client has to be woken: a value waits of which it was not told.
    func callForWhatWaits() -> Bool {
        state.withLock { state in !state.contents.topics.isEmpty && state.call() }
    }

    /// Forgets what has changed or was lost, when the client does not want the topic any more.
    func unmark(_ topic: LiveTopic) {
        state.withLock { state in
            state.contents.lost[topic] = nil
            guard state.changed.remove(topic) != nil else { return }
            state.contents.topics.removeAll { $0 == topic }
        }
    }

    /// Puts a trade or closed candle in line.
    ///
    /// - Parameter position: where the message stands.
    /// - Returns: whether the client has to be woken for it.
    func deliver(_ message: FeedMessage, at position: FeedPosition) -> Bool {
        state.withLock { state in
            // The snapshot at the end of the line will hold it.
            if position.topic.numbering.map(state.contents.interrupted.contains) ?? false { return false }
            if state.contents.lost[position.topic]?.note(position) != nil { return false }
            state.contents.messages.append(message)
            state.messages += 1
            state.bytes += message.frame.count
            if state.messages > limits.messages || state.bytes > limits.bytes { Self.overflow(&state) }
            return state.call()
        }
    }

    private static func overflow(_ state: inout State) {
        var kept: [FeedMessage] = []
        for message in state.contents.messages {
            guard message.isNumbered, let position = message.positions.first else {
                kept.append(message)
                continue
            }
            state.contents.lost[position.topic, default: Loss(fromSeq: position.seq)].note(position)
        }
        state.contents.messages = kept
        state.messages = 0
        state.bytes = 0
    }

    /// A numbering breaks off: what is in line is sent, then the client is told and given snapshots of the new epoch.
    ///
    /// - Returns: whether the client has to be woken for it.
    func interrupt(_ numbering: FeedNumbering) -> Bool {
        state.withLock { state in
            state.contents.interrupted.insert(numbering)
            for topic in state.contents.lost.keys where topic.numbering == numbering {
                state.contents.lost[topic] = nil
            }
            return state.call()
        }
    }

    /// Wakes the client's writer though nothing waits.
    func wake() {
        if let onWake { onWake() } else { wakeup.yield() }
    }

    /// Takes everything that waits. Ask the board for it, which knows the values.
    func take() -> Contents {
        state.withLock { state in
            defer {
                state.contents = Contents()
                // Most clients follow few topics, and hear of the same ones again and again.
                state.changed.removeAll(keepingCapacity: state.changed.count <= 16)
                (state.replies, state.messages, state.bytes) = (0, 0, 0)
                state.isCalled = false
            }
            return state.contents
        }
    }

    /// Ends `wakeups`.
    func finish() { wakeup.finish() }
}
