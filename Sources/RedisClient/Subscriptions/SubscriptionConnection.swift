import ClientThreads
import Synchronization

/// The connection of one subscription, with the thread that owns it.
final class SubscriptionConnection: Sendable {
    private struct State {
        var hasThread = false
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    let mailbox: SubscriptionMailbox
    private let configuration: RedisConfiguration
    private let environment: RedisEnvironment
    private let channels: [String]
    private let whenEnded: @Sendable () -> Void
    private let state = Mutex(State())
    private let pipe: Result<WakePipe, RedisError>

    init(
        _ configuration: RedisConfiguration, environment: RedisEnvironment, channels: [String],
        mailbox: SubscriptionMailbox, whenEnded: @escaping @Sendable () -> Void
    ) {
        self.configuration = configuration
        self.environment = environment
        self.channels = channels
        self.mailbox = mailbox
        self.whenEnded = whenEnded
        pipe = Result { () throws(RedisError) in try WakePipe.make() }
    }

    /// Starts to connect. When the system has no thread or pipe left, the consumer is told and nothing more comes.
    func start() {
        do throws(RedisError) {
            let wake = try pipe.get()
            state.withLock { $0.hasThread = true }
            try OwnThread.start { [self] in run(wake) }
        } catch {
            state.withLock { $0.hasThread = false }
            mailbox.put([.disconnected(error)])
            whenEnded()
        }
    }

    /// Ends the sequence and the thread.
    func stop() {
        mailbox.finish()
        if case .success(let wake) = pipe { wake.wake() }
    }

    func waitUntilEnded() async {
        await withCheckedContinuation { waiting in
            let hasEnded = state.withLock { state in
                if state.hasThread { state.waitingForEnd.append(waiting) }
                return !state.hasThread
            }
            if hasEnded { waiting.resume() }
        }
    }

    // MARK: The thread

    private func run(_ wake: WakePipe) {
        let mailbox = mailbox
        let waiter = ThreadWait(wake: wake, environment: environment) {
            ThreadWait.Attention(nextMillis: nil, isStopping: mailbox.isFinished)
        }
        let loop = ReconnectLoop(
            configuration: configuration, environment: environment,
            resolver: HostResolver(host: configuration.host, port: configuration.port), waiter: waiter)
        loop.run { link throws(RedisError) in
            try follow(link, waiter)
        } interrupted: { interruption in
            mailbox.put([.disconnected(interruption.error)])
        }
        whenEnded()
        let waiting = state.withLock { state in
            state.hasThread = false
            defer { state.waitingForEnd = [] }
            return state.waitingForEnd
        }
        for continuation in waiting { continuation.resume() }
    }

    private func follow(_ link: Link, _ waiter: ThreadWait) throws(RedisError) -> Never {
        link.append(CommandEncoding.encodeUnchecked([RedisCommand(["SUBSCRIBE"] + channels)]))
        var watch = SilenceWatch(timeoutMillis: configuration.commandTimeoutMillis, nowMillis: waiter.nowMillis)
        var pendingConfirmations = Set(channels).count
        while true {
            switch watch.check(nowMillis: waiter.nowMillis) {
            case .fine: break
            case .ask: link.append(CommandEncoding.encodeUnchecked([["PING"]]))
            case .dead: throw RedisError(.connectionLost, "\(link.peer) is silent")
            }
            try link.flush()
            guard try waiter.wait(for: link.descriptor, events: link.events, untilMillis: watch.nextMillis) != 0 else {
                continue
            }
            // Poll does not know what TLS holds already.
            while try receive(link, &pendingConfirmations) {
                if mailbox.isFinished { throw .closed }
            }
            watch.heard(nowMillis: waiter.nowMillis)
        }
    }

    /// Reads a chunk and passes on what is in it.
    private func receive(_ link: Link, _ pendingConfirmations: inout Int) throws(RedisError) -> Bool {
        let hasMore = try link.receive()
        var events: [RedisSubscriptionEvent] = []
        while let reply = try link.nextReply() {
            switch try SubscriptionReply(reply) {
            case .message(let channel, let payload): events.append(.message(channel: channel, payload: payload))
            case .confirmation:
                pendingConfirmations -= 1
                if pendingConfirmations == 0 { events.append(.subscribed) }
            case .pong: break
            }
        }
        mailbox.put(events)
        return hasMore
    }
}

/// What the server sends on a connection that subscribes.
private enum SubscriptionReply {
    case confirmation
    case message(channel: String, payload: [UInt8])
    case pong

    init(_ reply: RedisReply) throws(RedisError) {
        let parts = try reply.requireElements()
        switch (parts.first?.text, parts.count) {
        case ("subscribe", 3): self = .confirmation
        case ("message", 3): self = .message(channel: try parts[1].requireText(), payload: try parts[2].requireBytes())
        case ("pong", _): self = .pong
        default: throw RedisError(.protocolViolation, "the server sent something else than messages")
        }
    }
}

/// Notices that a server is gone which has nothing to say anyway: it must answer a question now and then.
struct SilenceWatch {
    enum Verdict { case fine, ask, dead }

    let timeoutMillis: Int64
    private var heardMillis: Int64
    private var askedMillis: Int64?

    init(timeoutMillis: Int64, nowMillis: Int64) {
        self.timeoutMillis = max(1, timeoutMillis)
        heardMillis = nowMillis
    }

    mutating func heard(nowMillis: Int64) {
        heardMillis = nowMillis
        askedMillis = nil
    }

    mutating func check(nowMillis: Int64) -> Verdict {
        guard nowMillis >= nextMillis else { return .fine }
        if askedMillis != nil { return .dead }
        askedMillis = nowMillis
        return .ask
    }

    /// When to check again.
    var nextMillis: Int64 { (askedMillis ?? heardMillis).addingClamped(timeoutMillis) }
}
