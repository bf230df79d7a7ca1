import Synchronization

/// Where a subscription's thread leaves events and its consumer takes them.
final class SubscriptionMailbox: Sendable {
    private typealias Consumer = CheckedContinuation<RedisSubscriptionEvent?, Never>

    private struct State {
        var buffer: SubscriptionBuffer
        var consumer: Consumer?
        var isFinished = false
    }

    private let state: Mutex<State>

    init(_ policy: RedisSubscriptionBuffer) { state = Mutex(State(buffer: SubscriptionBuffer(policy))) }

    var droppedCount: Int { state.withLock { $0.buffer.droppedCount } }
    var isFinished: Bool { state.withLock { $0.isFinished } }

    func put(_ events: [RedisSubscriptionEvent]) {
        guard !events.isEmpty else { return }
        let (consumer, event) = state.withLock { state -> (Consumer?, RedisSubscriptionEvent?) in
            guard !state.isFinished else { return (nil, nil) }
            for event in events { state.buffer.put(event) }
            guard let consumer = state.consumer, let event = state.buffer.take() else { return (nil, nil) }
            state.consumer = nil
            return (consumer, event)
        }
        consumer?.resume(returning: event)
    }

    /// The next event; nil when finished, and for a second consumer while one waits.
    func next() async -> RedisSubscriptionEvent? {
        await withCheckedContinuation { consumer in
            let (isWaiting, event) = state.withLock { state -> (Bool, RedisSubscriptionEvent?) in
                if state.isFinished { return (false, nil) }
                if let event = state.buffer.take() { return (false, event) }
                if state.consumer != nil { return (false, nil) }
                state.consumer = consumer
                return (true, nil)
            }
            if !isWaiting { consumer.resume(returning: event) }
        }
    }

    /// No event comes any more; those that wait are dropped.
    func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
    }
}
