/// What is published on some channels, for one consumer, across reconnects.
///
///     for await event in client.subscribe(["live"], buffer: .dropOldest(limit: 1_000)) { ... }
public struct RedisSubscription: AsyncSequence, Sendable {
    public typealias Element = RedisSubscriptionEvent
    public typealias Failure = Never

    /// Ends the subscription when nobody can consume it any more.
    fileprivate final class Owner: Sendable {
        let connection: SubscriptionConnection
        init(_ connection: SubscriptionConnection) { self.connection = connection }
        deinit { connection.stop() }
    }

    private let owner: Owner

    init(_ connection: SubscriptionConnection) { owner = Owner(connection) }

    /// Messages that the buffer's policy has dropped.
    public var droppedCount: Int { owner.connection.mailbox.droppedCount }

    /// Ends the subscription: `next()` returns nil. Cancelling the consuming task does it too.
    public func cancel() { owner.connection.stop() }

    public func makeAsyncIterator() -> Iterator { Iterator(owner: owner) }

    /// Takes one event after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private let owner: Owner

        fileprivate init(owner: Owner) { self.owner = owner }

        /// The next event; nil when the subscription has ended.
        public mutating func next() async -> RedisSubscriptionEvent? { await next(isolation: nil) }

        /// The next event; nil when the subscription has ended.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> RedisSubscriptionEvent? {
            let connection = owner.connection
            return await withTaskCancellationHandler {
                await connection.mailbox.next()
            } onCancel: {
                connection.stop()
            }
        }
    }
}

/// What happens on a subscription.
public enum RedisSubscriptionEvent: Sendable, Hashable {
    /// Subscribed, or subscribed again: what was published before is lost, so the state must be read now.
    case subscribed
    case message(channel: String, payload: [UInt8])
    /// Nothing comes for now, and why; `subscribed` follows when it does again.
    case disconnected(RedisError)
}

/// What happens to messages that the consumer has not taken in time; those that go are counted.
public enum RedisSubscriptionBuffer: Sendable, Hashable {
    /// The oldest make room.
    case dropOldest(limit: Int)
    /// Those that find it full are dropped.
    case dropNewest(limit: Int)
    /// The newest message of each channel stays.
    case latestPerChannel
}
