import RedisClient
import TestServers
import Testing

@Suite(.enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct SubscriptionTests {
    @Test func messagesComeInOrderWithAnyBytes() async throws {
        let server = try await RedisServer.shared.get()
        try await withClient(server.url) { client in
            let subscription = client.subscribe(["order:a", "order:b"], buffer: .dropOldest(limit: 10_000))
            var iterator = subscription.makeAsyncIterator()
            #expect(await iterator.next() == .subscribed)
            var odd: RedisCommand = ["PUBLISH", "order:a"]
            odd.append([0, 13, 10, 255])
            let commands: [RedisCommand] = (0..<5_000).map {
                ["PUBLISH", $0 % 2 == 0 ? "order:a" : "order:b", "\($0)"]
            }
            let replies = try await client.send([odd] + commands)
            #expect(replies.allSatisfy { $0 == .integer(1) })
            #expect(await iterator.next() == .message(channel: "order:a", payload: [0, 13, 10, 255]))
            for number in 0..<5_000 {
                let channel = number % 2 == 0 ? "order:a" : "order:b"
                #expect(await iterator.next() == .message(channel: channel, payload: Array("\(number)".utf8)))
            }
            #expect(subscription.droppedCount == 0)
        }
    }

    @Test func batchesHoldAllThatWaitsInOrder() async throws {
        let server = try await RedisServer.shared.get()
        try await withClient(server.url) { client in
            let subscription = client.subscribe(["batch"], buffer: .dropOldest(limit: 10_000))
            #expect(await subscription.nextBatch() == [.subscribed])
            let replies = try await client.send((0..<5_000).map { ["PUBLISH", "batch", "\($0)"] })
            #expect(replies.allSatisfy { $0 == .integer(1) })
            var events: [RedisSubscriptionEvent] = []
            var batchCount = 0
            while events.count < 5_000 {
                let batch = try #require(await subscription.nextBatch())
                #expect(!batch.isEmpty)
                batchCount += 1
                events += batch
            }
            #expect(events == (0..<5_000).map { .message(channel: "batch", payload: Array("\($0)".utf8)) })
            // All of them were there before the first was asked for, or came while they were taken.
            #expect(batchCount < 5_000)
            subscription.cancel()
            #expect(await subscription.nextBatch() == nil)
        }
    }

    @Test func aSlowConsumerLosesTheOldestAndCanTell() async throws {
        let server = try await RedisServer.shared.get()
        try await withClient(server.url) { client in
            let subscription = client.subscribe(["slow"], buffer: .dropOldest(limit: 10))
            try await waitUntilFollowed("slow", by: 1, client)
            _ = try await client.send((0..<100).map { ["PUBLISH", "slow", "\($0)"] })
            try await waitUntil("all but ten are dropped", withinMillis: 10_000, everyMillis: 5) {
                subscription.droppedCount == 90
            }
            var iterator = subscription.makeAsyncIterator()
            #expect(await iterator.next() == .subscribed)
            for number in 90..<100 {
                #expect(await iterator.next() == .message(channel: "slow", payload: Array("\(number)".utf8)))
            }
        }
    }

    @Test func aKilledServerIsFollowedAgain() async throws {
        try await withServer { server in
            try await withClient(server.url) { client in
                let subscription = client.subscribe(["c"], buffer: .dropOldest(limit: 10))
                var iterator = subscription.makeAsyncIterator()
                #expect(await iterator.next() == .subscribed)
                try await server.kill()
                guard case .disconnected(let error) = await iterator.next() else {
                    Issue.record("the loss was not told")
                    return
                }
                #expect(error.code == .connectionLost)
                try await server.restart()
                var event = await iterator.next()
                while case .disconnected = event { event = await iterator.next() }
                #expect(event == .subscribed)
                try await waitUntilConnected(client)
                _ = try await client.send(["PUBLISH", "c", "again"])
                #expect(await iterator.next() == .message(channel: "c", payload: Array("again".utf8)))
            }
        }
    }

    @Test func aSilentServerIsNoticedThoughNothingIsPublished() async throws {
        try await withServer { server in
            try await withClient(
                server.url,
                change: {
                    $0.commandTimeoutMillis = 150
                    $0.connectTimeoutMillis = 150
                }
            ) { client in
                var iterator = client.subscribe(["c"], buffer: .latestPerChannel).makeAsyncIterator()
                #expect(await iterator.next() == .subscribed)
                // Several questions are asked and answered meanwhile: silence of the channels is no loss.
                try await waitUntil("PINGs were answered", withinMillis: 10_000) {
                    let info = try await client.send(["INFO", "commandstats"]).requireText()
                    let calls = info.split(separator: "cmdstat_ping:calls=").last?.prefix { $0.isNumber } ?? ""
                    return (Int(calls) ?? 0) >= 6
                }
                server.pause()
                guard case .disconnected = await iterator.next() else {
                    Issue.record("the loss was not told")
                    return
                }
                server.resume()
                var event = await iterator.next()
                while case .disconnected = event { event = await iterator.next() }
                #expect(event == .subscribed)
            }
        }
    }

    @Test func cancellingEndsTheSequenceAndTheConnection() async throws {
        let server = try await RedisServer.shared.get()
        try await withClient(server.url) { client in
            let cancelled = client.subscribe(["ending"], buffer: .latestPerChannel)
            let task = Task { [other = client.subscribe(["ending"], buffer: .latestPerChannel)] in
                for await _ in other {}
            }
            do {
                let dropped = client.subscribe(["ending"], buffer: .latestPerChannel)
                try await waitUntilFollowed("ending", by: 3, client)
                #expect(dropped.droppedCount == 0)
            }
            try await waitUntilFollowed("ending", by: 2, client)
            task.cancel()
            await task.value
            try await waitUntilFollowed("ending", by: 1, client)
            cancelled.cancel()
            var iterator = cancelled.makeAsyncIterator()
            #expect(await iterator.next() == nil)
            try await waitUntilFollowed("ending", by: 0, client)
        }
    }

    @Test func noChannelsIsNoSubscription() async throws {
        let server = try await RedisServer.shared.get()
        try await withClient(server.url) { client in
            var iterator = client.subscribe([], buffer: .latestPerChannel).makeAsyncIterator()
            #expect(await iterator.next() == nil)
        }
    }
}
