/// Events that wait for their consumer: a value without threads.
///
/// Messages are bounded by the policy. Of `subscribed` and `disconnected` only the latest stays, at its place among
/// the messages.
struct SubscriptionBuffer {
    private struct Message {
        let number: UInt64
        let channel: String
        let payload: [UInt8]
    }

    private let policy: RedisSubscriptionBuffer
    private var messages = Fifo<Message>()
    private var latest: [String: Message] = [:]
    private var change: (number: UInt64, event: RedisSubscriptionEvent)?
    private var lastNumber: UInt64 = 0
    private(set) var droppedCount = 0

    init(_ policy: RedisSubscriptionBuffer) { self.policy = policy }

    mutating func put(_ event: RedisSubscriptionEvent) {
        lastNumber += 1
        guard case .message(let channel, let payload) = event else {
            change = (lastNumber, event)
            return
        }
        let message = Message(number: lastNumber, channel: channel, payload: payload)
        switch policy {
        case .latestPerChannel:
            if latest.updateValue(message, forKey: channel) != nil { droppedCount += 1 }
        case .dropNewest(let limit):
            if messages.count < max(1, limit) { messages.append(message) } else { droppedCount += 1 }
        case .dropOldest(let limit):
            if messages.count >= max(1, limit), messages.removeFirst() != nil { droppedCount += 1 }
            messages.append(message)
        }
    }

    /// The events that came first.
    mutating func take(atMost limit: Int) -> [RedisSubscriptionEvent] {
        var events: [RedisSubscriptionEvent] = []
        while events.count < limit, let event = take() { events.append(event) }
        return events
    }

    /// The event that came first.
    mutating func take() -> RedisSubscriptionEvent? {
        let message = messages.first ?? latest.values.min { $0.number < $1.number }
        if let change, change.number < message?.number ?? .max {
            self.change = nil
            return change.event
        }
        guard let message else { return nil }
        if messages.removeFirst() == nil { latest.removeValue(forKey: message.channel) }
        return .message(channel: message.channel, payload: message.payload)
    }
}
