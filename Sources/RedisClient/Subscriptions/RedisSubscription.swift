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

    /// All events that wait, one at least, in order; waits for the first. For channels on which much is published.
    ///
    /// - Returns: nil when the subscription has ended.
    public func nextBatch() async -> [RedisSubscriptionEvent]? {
        let events = await next(atMost: .max)
        return events.isEmpty ? nil : events
    }

    private func next(atMost limit: Int) async -> [RedisSubscriptionEvent] {
        let connection = owner.connection
        return await withTaskCancellationHandler {
            await connection.mailbox.next(atMost: limit)
        } onCancel: {
            connection.stop()
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// Takes one event after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private let subscription: RedisSubscription

        fileprivate init(subscription: RedisSubscription) { self.subscription = subscription }

        /// The next event; nil when the subscription has ended.
        public mutating func next() async -> RedisSubscriptionEvent? { await next(isolation: nil) }

        /// The next event; nil when the subscription has ended.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> RedisSubscriptionEvent? {
            await subscription.next(atMost: 1).first
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
