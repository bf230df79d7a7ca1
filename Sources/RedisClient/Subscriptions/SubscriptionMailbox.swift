import Synchronization

/// Where a subscription's thread leaves events and its consumer takes them.
final class SubscriptionMailbox: Sendable {
    /// Gets what waits; nothing when the subscription is finished.
    private typealias Consumer = CheckedContinuation<[RedisSubscriptionEvent], Never>

    private struct State {
        var buffer: SubscriptionBuffer
        var consumer: (limit: Int, continuation: Consumer)?
        var isFinished = false
    }

    private let state: Mutex<State>

    init(_ policy: RedisSubscriptionBuffer) { state = Mutex(State(buffer: SubscriptionBuffer(policy))) }

    var droppedCount: Int { state.withLock { $0.buffer.droppedCount } }
    var isFinished: Bool { state.withLock { $0.isFinished } }

    func put(_ events: [RedisSubscriptionEvent]) {
        guard !events.isEmpty else { return }
        let answer = state.withLock { state -> (consumer: Consumer, events: [RedisSubscriptionEvent])? in
            guard !state.isFinished else { return nil }
            for event in events { state.buffer.put(event) }
            guard let consumer = state.consumer else { return nil }
            state.consumer = nil
            return (consumer.continuation, state.buffer.take(atMost: consumer.limit))
        }
        if let answer { answer.consumer.resume(returning: answer.events) }
    }

    /// The events that wait, one at least; none when finished, and for a second consumer while one waits.
    func next(atMost limit: Int) async -> [RedisSubscriptionEvent] {
        await withCheckedContinuation { consumer in
            let already = state.withLock { state -> [RedisSubscriptionEvent]? in
                if state.isFinished { return [] }
                let events = state.buffer.take(atMost: limit)
                if !events.isEmpty || state.consumer != nil { return events }
                state.consumer = (limit, consumer)
                return nil
            }
            if let already { consumer.resume(returning: already) }
        }
    }

    /// No event comes any more; those that wait are dropped.
    func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.continuation.resume(returning: [])
    }
}
