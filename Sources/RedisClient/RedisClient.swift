import Synchronization

/// A client of one Redis server: many callers, one pipelined connection on a thread of its own, and one more per
/// subscription.
///
/// While the last attempt to connect failed, commands fail at once with its reason; while the first one runs, they
/// wait. Nothing is ever sent twice: ``RedisError/Code/connectionLost`` and ``RedisError/Code/timeout`` mean "may
/// have happened".
public final class RedisClient: Sendable {
    private struct Subscriptions {
        var open: [UInt64: SubscriptionConnection] = [:]
        var isClosed = false
    }

    private let configuration: RedisConfiguration
    private let environment: RedisEnvironment
    private let connection: CommandConnection
    private let subscriptions = Mutex(Subscriptions())
    private let nextID = Atomic<UInt64>(0)

    /// Connects in the background at once and again after each loss; never blocks the caller.
    ///
    /// - Parameters:
    ///   - configuration: Where to, and the bounds.
    ///   - environment: Time and randomness.
    ///   - report: Told of every change of state, on the client's thread: it must not block.
    public init(
        _ configuration: RedisConfiguration, environment: RedisEnvironment = .system,
        report: @escaping @Sendable (RedisEvent) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.environment = environment
        connection = CommandConnection(configuration, environment: environment, report: report)
        connection.start()
    }

    deinit { connection.beginClose() }

    /// How the connection for commands stands.
    public var state: RedisConnectionState { connection.shown }

    /// Sends all commands in one pipelined write and waits for all replies, which come in the same order.
    ///
    /// - Returns: A reply for each command; a server's error is an element, not thrown.
    public func send(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisReply] {
        try await connection.perform(commands)
    }

    /// Sends one command.
    ///
    /// - Throws: The server's error too, as ``RedisError/Code/server(_:)``.
    public func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        try await Self.only(connection.perform([command])).orThrow()
    }

    /// Runs one script; the server is given its text only when it does not know it.
    ///
    /// - Throws: The script's error too, as ``RedisError/Code/server(_:)``.
    public func evaluate(_ call: RedisScriptCall) async throws(RedisError) -> RedisReply {
        try await Self.only(evaluate([call])).orThrow()
    }

    /// Runs scripts in one pipelined write. Those that the server does not know are loaded and run in a second write,
    /// after the others.
    ///
    /// - Returns: A reply for each call; a script's error is an element, not thrown.
    public func evaluate(_ calls: [RedisScriptCall]) async throws(RedisError) -> [RedisReply] {
        var replies = try await connection.perform(calls.map(\.command))
        let unknown = replies.indices.filter { index in
            if case .error(let error) = replies[index] { error.code == "NOSCRIPT" } else { false }
        }
        guard !unknown.isEmpty else { return replies }
        let scripts = Set(unknown.map { calls[$0].script })
        let loads: [RedisCommand] = scripts.map { ["SCRIPT", "LOAD", $0.source] }
        let again = try await connection.perform(loads + unknown.map { calls[$0].command })
        for reply in again.prefix(loads.count) { _ = try reply.orThrow() }
        for (index, reply) in zip(unknown, again.dropFirst(loads.count)) { replies[index] = reply }
        return replies
    }

    /// Follows channels on a connection and thread of its own, which subscribes again after each loss.
    ///
    /// - Parameters:
    ///   - channels: Their exact names.
    ///   - buffer: What happens to messages that the consumer has not taken.
    /// - Returns: A sequence for one consumer; it ends when it is cancelled or the client is closed.
    public func subscribe(_ channels: [String], buffer: RedisSubscriptionBuffer) -> RedisSubscription {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).newValue
        let followed = SubscriptionConnection(
            configuration, environment: environment, channels: channels, mailbox: SubscriptionMailbox(buffer),
            whenEnded: { [weak self] in self?.forget(id) })
        let mayStart = subscriptions.withLock { subscriptions in
            guard !subscriptions.isClosed, !channels.isEmpty else { return false }
            subscriptions.open[id] = followed
            return true
        }
        if mayStart { followed.start() } else { followed.stop() }
        return RedisSubscription(followed)
    }

    /// Fails what waits with ``RedisError/Code/closed``, ends subscriptions, and returns when the threads have ended.
    public func close() async {
        let followed = subscriptions.withLock { subscriptions in
            subscriptions.isClosed = true
            return Array(subscriptions.open.values)
        }
        for subscription in followed { subscription.stop() }
        await connection.close()
        for subscription in followed { await subscription.waitUntilEnded() }
    }

    private func forget(_ id: UInt64) { subscriptions.withLock { _ = $0.open.removeValue(forKey: id) } }

    private static func only(_ replies: [RedisReply]) throws(RedisError) -> RedisReply {
        guard let reply = replies.first else { throw RedisError(.unexpectedReply, "there is no reply") }
        return reply
    }
}

/// How a connection stands.
public enum RedisConnectionState: Sendable, Hashable {
    /// The first attempt runs.
    case connecting
    case connected
    /// Why there is none; it is tried again and again.
    case disconnected(RedisError)
    case closed
}

/// A change of the connection's state, for logs and health.
public enum RedisEvent: Sendable, Hashable {
    case connected
    /// The connection was lost or an attempt failed; the next attempt comes after so many milliseconds.
    case disconnected(RedisError, retryInMillis: Int64)
    case closed
}
