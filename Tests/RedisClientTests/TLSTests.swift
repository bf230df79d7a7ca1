import RedisClient
import TestServers
import Testing

@Suite(.enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct TLSTests {
    private func failure(_ url: String) async throws -> RedisError? {
        try await withClient(url) { client in
            await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
        }
    }

    @Test func aCertificateOfTheNamedAuthorityIsAccepted() async throws {
        try await withServer(.init(password: "pw", tls: true)) { server in
            for host in ["localhost", "127.0.0.1"] {
                try await withClient(server.url(host: host)) { client in
                    let text = String(repeating: "x", count: 1_000_000)
                    let replies = try await client.send([["SET", "k", text], ["GET", "k"], ["PING"]])
                    #expect(replies.map { $0.text?.count } == [2, 1_000_000, 4])
                }
            }
        }
    }

    @Test func pipelinesAndSubscriptionsWorkOverTLS() async throws {
        try await withServer(.init(tls: true)) { server in
            try await withClient(server.url) { client in
                let subscription = client.subscribe(["c"], buffer: .dropOldest(limit: 100_000))
                var iterator = subscription.makeAsyncIterator()
                #expect(await iterator.next() == .subscribed)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for caller in 0..<20 {
                        group.addTask {
                            let replies = try await client.send((0..<500).map { ["ECHO", "\(caller)/\($0)"] })
                            #expect(replies.map(\.text) == (0..<500).map { "\(caller)/\($0)" })
                        }
                    }
                    try await group.waitForAll()
                }
                _ = try await client.send((0..<5_000).map { ["PUBLISH", "c", String($0)] })
                for number in 0..<5_000 {
                    #expect(await iterator.next() == .message(channel: "c", payload: Array(String(number).utf8)))
                }
            }
        }
    }

    @Test func anotherAuthoritysCertificateIsNot() async throws {
        try await withServer(.init(tls: true)) { server in
            let plain = server.url.split(separator: "?").first.map(String.init) ?? ""
            let error = try await failure(plain)
            #expect(error?.code == .tls)
            #expect(error?.message.contains("certificate") == true)
            #expect(error?.message.contains("?cacert=") == true)
        }
    }

    @Test func aCertificateForAnotherHostIsNot() async throws {
        try await withServer(.init(tls: true, certificateName: "localhost")) { server in
            let error = try await failure(server.url(host: "127.0.0.1"))
            #expect(error?.code == .tls)
            #expect(error?.message.contains("certificate") == true)
            #expect(error?.message.contains("a name that stands in it") == true)
        }
    }

    @Test func aServerThatSpeaksNoTLSIsSaidToBeOne() async throws {
        let server = try await RedisServer.shared.get()
        // It may take the greeting for the beginning of a line and wait for the rest.
        try await withClient("rediss://localhost:\(server.port)/0", change: { $0.connectTimeoutMillis = 500 }) {
            client in
            let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
            #expect(error?.code == .tls)
        }
    }

    @Test func aFileThatCannotBeReadIsNamed() async throws {
        let server = try await RedisServer.shared.get()
        let error = try await failure("rediss://localhost:\(server.port)/0?cacert=/no/such/ca.pem")
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("/no/such/ca.pem") == true)
    }
}
