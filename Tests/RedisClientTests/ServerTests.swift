import RedisClient
import TestServers
import Testing

@Suite(.enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct ServerTests {
    private func withShared<Outcome>(_ body: (RedisClient) async throws -> Outcome) async throws -> Outcome {
        try await withClient(try await RedisServer.shared.get().url, body)
    }

    @Test func everyKindOfReplyComesBack() async throws {
        try await withShared { client in
            let replies = try await client.send([
                ["SET", "kinds", "1"], ["INCR", "kinds"], ["GET", "kinds"], ["GET", "kinds:none"],
                ["MGET", "kinds", "kinds:none"], ["LPUSH", "kinds", "x"], ["NOSUCHCOMMAND"], ["DEL", "kinds"],
            ])
            #expect(replies.count == 8)
            #expect(replies[0] == .status("OK"))
            #expect(replies[1] == .integer(2))
            #expect(replies[2].integerValue == 2)
            #expect(replies[3] == .null)
            #expect(replies[4] == .array([.bytes([50]), .null]))
            guard case .error(let wrong) = replies[5], case .error(let unknown) = replies[6] else {
                Issue.record("no errors: \(replies)")
                return
            }
            #expect(wrong.code == "WRONGTYPE")
            #expect(unknown.code == "ERR")
            #expect(replies[7] == .integer(1))
        }
    }

    @Test func anErrorToASingleCommandIsThrown() async throws {
        try await withShared { client in
            _ = try await client.send(["SET", "single", "text"])
            let error = await #expect(throws: RedisError.self) { try await client.send(["LPUSH", "single", "x"]) }
            #expect(error?.code == .server("WRONGTYPE"))
            #expect(try await client.send(["GET", "single"]).text == "text")
            #expect(try await client.send([RedisCommand]()).isEmpty)
        }
    }

    @Test func anyBytesComeBackAsTheyWere() async throws {
        var random = SeededRandom(seed: 20_200_102)
        try await withShared { client in
            for size in [0, 1, 255, 65_535, 3_000_000] {
                let value = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
                var command: RedisCommand = ["SET"]
                command.append([0, 10, 13, 255, UInt8(truncatingIfNeeded: size)])
                command.append(value)
                var get: RedisCommand = ["GET"]
                get.append([0, 10, 13, 255, UInt8(truncatingIfNeeded: size)])
                let replies = try await client.send([command, get])
                #expect(try replies[1].requireBytes() == value, "\(size) bytes")
            }
        }
    }

    @Test func ofAHundredCallersEachGetsItsOwnReplies() async throws {
        try await withShared { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<100 {
                    group.addTask {
                        for round in 0..<50 {
                            let size = (caller * 7 + round) % 5 + 1
                            let texts = (0..<size).map { "\(caller)/\(round)/\($0)" }
                            let replies = try await client.send(texts.map { ["ECHO", $0] })
                            #expect(replies.map(\.text) == texts)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func theOrderOfOneCallIsKept() async throws {
        try await withShared { client in
            let commands: [RedisCommand] = (0..<20_000).map { ["RPUSH", "order", String($0)] }
            let replies = try await client.send([["DEL", "order"]] + commands)
            #expect(replies.dropFirst().map(\.integerValue) == (1...20_000).map { Int64($0) })
            let all = try await client.send(["LRANGE", "order", "0", "-1"]).requireElements()
            #expect(all.map(\.integerValue) == (0..<20_000).map { Int64($0) })
        }
    }

    @Test func aScriptIsLoadedWhenTheServerHasForgottenIt() async throws {
        try await withServer { server in
            try await withClient(server.url) { client in
                let sum = RedisScript("return ARGV[1] + #KEYS")
                let echo = RedisScript("return ARGV[1]")
                let calls = [
                    RedisScriptCall(sum, keys: ["a", "b"], texts: ["40"]),
                    RedisScriptCall(echo, keys: [], arguments: [[0, 255]]),
                    RedisScriptCall(sum, keys: [], texts: ["1"]),
                ]
                let expected: [RedisReply] = [.integer(42), .bytes([0, 255]), .integer(1)]
                #expect(try await client.evaluate(calls) == expected)
                #expect(
                    try await client.send(["SCRIPT", "EXISTS", sum.sha1, echo.sha1])
                        == .array([.integer(1), .integer(1)]))
                _ = try await client.send(["SCRIPT", "FLUSH"])
                #expect(try await client.evaluate(calls) == expected)
                #expect(try await client.evaluate(calls[0]) == .integer(42))
            }
        }
    }

    @Test func aScriptsErrorIsItsOwn() async throws {
        try await withShared { client in
            let bad = RedisScriptCall(RedisScript("return redis.error_reply('ODD one')"), keys: [], texts: [])
            let good = RedisScriptCall(RedisScript("return 1"), keys: [], texts: [])
            let replies = try await client.evaluate([bad, good])
            #expect(replies == [.error(RedisServerError(code: "ODD", message: "ODD one")), .integer(1)])
            let error = await #expect(throws: RedisError.self) { try await client.evaluate(bad) }
            #expect(error?.code == .server("ODD"))
            let broken = RedisScriptCall(RedisScript("this is no Lua"), keys: [], texts: [])
            let refused = await #expect(throws: RedisError.self) { try await client.evaluate([good, broken]) }
            #expect(refused?.code == .server("ERR"))
        }
    }

    @Test func theDatabaseOfTheURLIsUsed() async throws {
        let server = try await RedisServer.shared.get()
        try await withClient(server.url(database: 5)) { client in
            _ = try await client.send(["SET", "only:in:five", "x"])
            try await withClient(server.url) { other in
                let replies = try await other.send([
                    ["GET", "only:in:five"], ["SELECT", "5"], ["GET", "only:in:five"],
                ])
                #expect(replies.map(\.text) == [nil, "OK", "x"])
            }
        }
        try await withClient(server.url(database: 999)) { client in
            let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
            #expect(error?.code == .configuration)
        }
    }

    @Test func aCancelledCallerLeavesTheOthersAlone() async throws {
        try await withShared { client in
            try await waitUntilConnected(client)
            let slow = Task { try await client.send(["BLPOP", "cancel:none", "1"]) }
            let behind = Task { try await client.send(["ECHO", "behind"]) }
            slow.cancel()
            let error = await #expect(throws: RedisError.self) { try await slow.value }
            #expect(error?.code == .cancelled)
            #expect(try await behind.value.text == "behind")
        }
    }
}
