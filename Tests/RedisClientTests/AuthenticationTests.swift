import RedisClient
import TestServers
import Testing

@Suite(.enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct AuthenticationTests {
    private static let secret = "s3cr@t/pa?ss #word"

    private func failure(_ url: String) async throws -> (RedisError?, [RedisEvent]) {
        let events = Recorder<RedisEvent>()
        let error = try await withClient(url, report: { events.add($0) }) { client in
            await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
        }
        return (error, events.all)
    }

    @Test func thePasswordIsUsedAndShownNowhere() async throws {
        try await withServer(.init(password: Self.secret)) { server in
            try await withClient(server.url) { client in
                let reply = try await client.send(["PING"])
                #expect(reply.text == "PONG")
            }
            let wrong = "wr0ng-\(Self.secret)"
            for url in [server.url(password: wrong), server.url(password: "")] {
                let (error, events) = try await failure(url)
                #expect(error?.code == .authentication)
                let texts = ["\(error as Any)", "\(events)", String(reflecting: events)]
                for text in texts { #expect(!text.contains("wr0ng") && !text.contains("s3cr@t"), "\(text)") }
            }
        }
    }

    @Test func aUserOfItsOwnIsLetIn() async throws {
        try await withServer { server in
            try await withClient(server.url) { client in
                _ = try await client.send(["ACL", "SETUSER", "market", "on", ">pw", "~*", "+@all"])
                _ = try await client.send(["ACL", "SETUSER", "default", "off"])
            }
            try await withClient("redis://market:pw@127.0.0.1:\(server.port)/0") { client in
                let user = try await client.send(["ACL", "WHOAMI"])
                #expect(user.text == "market")
            }
            let (error, _) = try await failure("redis://market:pW@127.0.0.1:\(server.port)/0")
            #expect(error?.code == .authentication)
        }
    }
}
