import Testing

@testable import RedisClient

@Suite struct SubscriptionBufferTests {
    private static func message(_ channel: String, _ number: UInt8) -> RedisSubscriptionEvent {
        .message(channel: channel, payload: [number])
    }

    private static func taken(_ policy: RedisSubscriptionBuffer, _ events: [RedisSubscriptionEvent])
        -> (events: [RedisSubscriptionEvent], dropped: Int)
    {
        var buffer = SubscriptionBuffer(policy)
        for event in events { buffer.put(event) }
        var taken: [RedisSubscriptionEvent] = []
        while let event = buffer.take() { taken.append(event) }
        return (taken, buffer.droppedCount)
    }

    @Test func eachPolicyKeepsWhatItsNameSays() {
        let events = (1...5).map { Self.message($0 == 2 ? "b" : "a", $0) }
        let oldest = Self.taken(.dropOldest(limit: 2), events)
        #expect(oldest.events == [Self.message("a", 4), Self.message("a", 5)])
        #expect(oldest.dropped == 3)
        let newest = Self.taken(.dropNewest(limit: 2), events)
        #expect(newest.events == [Self.message("a", 1), Self.message("b", 2)])
        #expect(newest.dropped == 3)
        let latest = Self.taken(.latestPerChannel, events)
        #expect(latest.events == [Self.message("b", 2), Self.message("a", 5)])
        #expect(latest.dropped == 3)
    }

    @Test(arguments: [RedisSubscriptionBuffer.dropOldest(limit: 1), .dropNewest(limit: 1), .latestPerChannel])
    func changesAreNeverDroppedAndStayInTheirPlace(_ policy: RedisSubscriptionBuffer) {
        let gone = RedisSubscriptionEvent.disconnected(RedisError(.connectionLost, "gone"))
        let first = Self.taken(policy, [.subscribed, Self.message("a", 1)])
        #expect(first.events == [.subscribed, Self.message("a", 1)])
        let last = Self.taken(policy, [.subscribed, Self.message("a", 1), gone])
        #expect(last.events == [Self.message("a", 1), gone])
        let again = Self.taken(policy, [gone, .subscribed, gone, .subscribed])
        #expect(again.events == [.subscribed])
        #expect([first, last, again].allSatisfy { $0.dropped == 0 })
    }
}
