import RedisClient
import TestServers
import Testing

@Suite(.enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct ReconnectTests {
    @Test func aKilledServerIsMissedAndFoundAgain() async throws {
        try await withServer { server in
            let events = Recorder<RedisEvent>()
            try await withClient(server.url, report: { events.add($0) }) { client in
                #expect(try await client.send(["PING"]).text == "PONG")
                let underWay = Task { try await client.send(["BLPOP", "none", "0"]) }
                try await withClient(server.url) { try await waitUntilBlocked($0) }
                try await server.kill()
                let lost = await #expect(throws: RedisError.self) { try await underWay.value }
                #expect(lost?.code == .connectionLost)
                try await waitUntil("calls fail at once", withinMillis: 10_000, everyMillis: 5) {
                    if case .disconnected(let error) = client.state { error.message.contains("connect") } else { false }
                }
                let clock = ContinuousClock()
                let start = clock.now
                let refused = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
                #expect(refused?.code == .connectionLost)
                #expect(clock.now - start < .seconds(1))
                try await server.restart()
                try await waitUntilConnected(client)
                #expect(try await client.send(["PING"]).text == "PONG")
            }
            let seen = events.all
            #expect(seen.first == .connected)
            #expect(seen.last == .closed)
            #expect(seen.count { $0 == .connected } == 2)
            let pauses = seen.compactMap { if case .disconnected(_, let pause) = $0 { pause } else { nil } }
            #expect(!pauses.isEmpty && pauses.allSatisfy { (0...200).contains($0) })
        }
    }

    @Test func theFirstAttemptIsWaitedFor() async throws {
        let server = try await RedisServer.shared.get()
        // No wait for the connection here: the call is made while it is being opened.
        #expect(try await withClient(server.url) { try await $0.send(["PING"]).text } == "PONG")
    }

    @Test func nobodyThereIsSaidAtOnce() async throws {
        let port = try FreePort.next()
        try await withClient("redis://127.0.0.1:\(port)") { client in
            let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
            #expect(error?.code == .connectionLost)
            #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        }
    }

    @Test func aNameThatStandsForNothingIsSaid() async throws {
        try await withClient("redis://no-such-host.invalid:1") { client in
            let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
            #expect(error?.message.contains("no-such-host.invalid") == true)
        }
    }

    @Test func aServerThatIsSilentIsGivenUpAndFoundAgain() async throws {
        try await withServer { server in
            try await withClient(
                server.url,
                change: {
                    $0.commandTimeoutMillis = 300
                    $0.connectTimeoutMillis = 300
                }
            ) { client in
                #expect(try await client.send(["PING"]).text == "PONG")
                server.pause()
                let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
                #expect(error?.code == .timeout)
                // The system still takes connections for it.
                try await waitUntil("the client notices", withinMillis: 10_000, everyMillis: 5) {
                    if case .disconnected = client.state { true } else { false }
                }
                server.resume()
                try await waitUntilConnected(client)
                #expect(try await client.send(["PING"]).text == "PONG")
            }
        }
    }

    @Test func aCallThatFindsNoRoomIsRefusedOrWaits() async throws {
        try await withServer { server in
            try await withClient(
                server.url,
                change: {
                    $0.maxInFlightCommands = 2
                    $0.whenFull = .refuse
                }
            ) { client in
                let first = Task { try await client.send([["BLPOP", "room", "0"], ["ECHO", "2"]]) }
                try await withClient(server.url) { other in
                    try await waitUntilBlocked(other)
                    let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
                    #expect(error?.code == .busy)
                    _ = try await other.send(["LPUSH", "room", "x"])
                }
                #expect(try await first.value.last?.text == "2")
                #expect(try await client.send(["PING"]).text == "PONG")
            }
            try await withClient(server.url, change: { $0.maxInFlightCommands = 2 }) { client in
                try await withThrowingTaskGroup(of: String?.self) { group in
                    for number in 0..<50 { group.addTask { try await client.send(["ECHO", "\(number)"]).text } }
                    var texts: Set<String?> = []
                    for try await text in group { texts.insert(text) }
                    #expect(texts.count == 50)
                }
            }
        }
    }

    @Test func closingEndsEverything() async throws {
        let server = try await RedisServer.shared.get()
        let client = RedisClient(try RedisConfiguration(url: server.url))
        try await waitUntilConnected(client)
        let subscription = client.subscribe(["closing"], buffer: .latestPerChannel)
        let followed = Task { await subscription.reduce(into: 0) { count, _ in count += 1 } }
        try await waitUntilFollowed("closing", by: 1, client)
        let waiting = Task { try await client.send(["BLPOP", "closing:none", "0"]) }
        await client.close()
        let ended = await #expect(throws: RedisError.self) { try await waiting.value }
        #expect(ended?.code == .closed)
        #expect(await followed.value <= 1)
        #expect(client.state == .closed)
        let refused = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
        #expect(refused?.code == .closed)
        #expect(await client.subscribe(["closing"], buffer: .latestPerChannel).first { _ in true } == nil)
        await client.close()
    }

    @Test func manyClientsLeaveNoThreadAndNoConnection() async throws {
        try await withServer { server in
            try await withClient(server.url) { watcher in
                for _ in 0..<30 {
                    try await withClient(server.url) { _ = try await $0.send(["PING"]) }
                    // Dropped without being closed.
                    let dropped = RedisClient(try RedisConfiguration(url: server.url))
                    _ = try await dropped.send(["PING"])
                }
                try await waitUntil("only the watcher is connected", withinMillis: 20_000) {
                    try await watcher.send(["INFO", "clients"]).requireText().contains("connected_clients:1\r")
                }
            }
        }
    }
}
