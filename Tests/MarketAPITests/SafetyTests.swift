import HTTPTypes
import MarketCore
import MarketWire
import NIOCore
import NIOPosix
import ServiceKit
import Testing
import WebSockets

@testable import MarketAPI

/// Limits, proxies, origins.
@Suite struct SafetyTests {
    @Test func whoAsksTooMuchIsToldSo() async throws {
        let clock = TestClock()
        try await APITestServer.with(time: clock.source, configure: { $0.requestsPerMinute = 3 }) { server in
            for remaining in [2, 1, 0] {
                let answer = try await server.get("/symbols")
                #expect(answer.status == 200 && answer.headers["ratelimit-limit"] == "3")
                #expect(answer.headers["ratelimit-remaining"] == "\(remaining)")
                #expect(answer.headers["ratelimit-reset"] == "60")
            }
            let refused = try await server.get("/symbols")
            #expect(refused.status == 429 && refused.headers["retry-after"] == "60")
            #expect(refused.headers["content-type"] == "application/problem+json")
            #expect(refused.headers["ratelimit-remaining"] == "0")
            let dialect = try await server.get("/api/v3/time")
            #expect(dialect.status == 429 && dialect.headers["retry-after"] == "60")
            #expect(try dialect.json()["code"]?.integer == -1003)
            #expect(dialect.headers["ratelimit-limit"] == "3")
            // Upgrades are requests, probes are none.
            await #expect(throws: WebSocketError.self) { try await server.webSocket("/feed") }
            #expect(try await server.get("/health").status == 200)
            clock.advance(millis: 60_001)
            let feed = try await server.webSocket("/feed")
            await feed.close()
            #expect(try await server.get("/symbols").headers["ratelimit-remaining"] == "1")
        }
    }

    @Test func whoHasTheTokenIsCountedByItself() async throws {
        let token = "0123456789abcdef"
        try await APITestServer.with(configure: {
            $0.requestsPerMinute = 1
            $0.token = token
        }) { server in
            #expect(try await server.get("/symbols").status == 200)
            #expect(try await server.get("/symbols").status == 429)
            let wrong = try await server.get("/symbols", headers: ["authorization": "Bearer 0123456789abcdeX"])
            #expect(wrong.status == 429)
            let holder = ["authorization": "Bearer \(token)"]
            #expect(try await server.get("/symbols", headers: holder).status == 200)
            #expect(try await server.get("/symbols", headers: holder).status == 429)
        }
    }

    @Test func aFullTableLetsNewcomersShare() throws {
        let clock = TestClock()
        let limiter = RateLimiter(limit: 2, tableLimit: 3, time: clock.source)
        func take(_ address: String) -> Int? {
            let verdict = limiter.take(.init(address: address))
            return verdict.map { $0.isAllowed ? $0.remaining : -1 }
        }
        #expect(["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(take) == [1, 1, 1])
        // These two have no place and one count together; who was known goes on.
        #expect([take("10.0.0.4"), take("10.0.0.5"), take("10.0.0.6")] == [1, 0, -1])
        #expect(take("10.0.0.1") == 0)
        clock.advance(millis: 60_000)
        #expect(take("10.0.0.6") == 1 && take("10.0.0.4") == 1)
        // A host has as many addresses of its /64 as it likes.
        #expect(take("2001:db8::1") == 1 && take("2001:db8::2") == 0 && take("2001:db8:0:1::1") == 1)
        #expect(RateLimiter(limit: 0, time: clock.source).take(.token) == nil)
    }

    @Test func onlyTrustedProxiesAreBelieved() throws {
        let ranges = try ["10.0.0.0/8", "fd00::/8", "192.168.1.1"].map { try #require(NetworkRange($0)) }
        let field = try #require(HTTPField.Name.forwardedFor)
        func client(_ peer: String, _ forwarded: String...) -> String? {
            var headers = HTTPFields()
            for text in forwarded { headers.append(HTTPField(name: field, value: text)) }
            return ClientAddresses(trustedProxies: ranges).address(peer: peer, headers)
        }
        #expect(client("1.2.3.4", "9.9.9.9") == "1.2.3.4")
        #expect(client("10.1.1.1", "9.9.9.9") == "9.9.9.9")
        #expect(client("::ffff:10.1.1.1", "9.9.9.9") == "9.9.9.9")
        // What the stranger says of itself is its own word.
        #expect(client("10.1.1.1", "7.7.7.7, 9.9.9.9, 192.168.1.1") == "9.9.9.9")
        #expect(client("10.1.1.1", "7.7.7.7", "9.9.9.9") == "9.9.9.9")
        #expect(client("10.1.1.1", "nonsense") == "10.1.1.1")
        #expect(client("10.1.1.1") == "10.1.1.1")
        #expect(client("fd00::7", "2001:db8::1") == "2001:db8::1")
        #expect(client("192.168.1.2", "9.9.9.9") == "192.168.1.2")
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.+4", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "12345::", "g::",
        "1:2:3:4:5:6:7:8:9", "::1.2.3", "1:2:3:4:5:6:7::8",
    ])
    func whatIsNoAddressIsRefused(_ text: String) { #expect(NetworkAddress(text) == nil) }

    @Test func addressesAreRead() throws {
        #expect(NetworkAddress("::1")?.bits == 1)
        #expect(NetworkAddress("1.2.3.4") == NetworkAddress("::ffff:1.2.3.4"))
        #expect(NetworkAddress("2001:db8::ff00:42:8329")?.bits == 0x2001_0db8_0000_0000_0000_ff00_0042_8329)
        #expect(NetworkAddress("1:2:3:4:5:6:7:8")?.bits == 0x0001_0002_0003_0004_0005_0006_0007_0008)
        #expect(NetworkAddress("fe80::1%eth0") == NetworkAddress("fe80::1"))
        #expect(["1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/8/8", "x/8"].allSatisfy { NetworkRange($0) == nil })
        let all = try #require(NetworkRange("0.0.0.0/0"))
        #expect(NetworkAddress("8.8.8.8").map(all.contains) == true)
        #expect(NetworkAddress("2001:db8::1").map(all.contains) == false)
    }

    @Test func pagesOfOthersOpenNoWebSocket() async throws {
        try await APITestServer.with(configure: { $0.crossOrigins = ["https://chart.example"] }) { server in
            func opens(_ origin: String?) async -> Bool {
                var client = WebSocketClientConfiguration()
                if let origin { client.headers.append(("Origin", origin)) }
                do {
                    let session = try await WebSocketClient(client).connect(to: "ws://127.0.0.1:\(server.port)/feed")
                    await session.close()
                    return true
                } catch {
                    return false
                }
            }
            #expect(await opens(nil))
            #expect(await opens("http://127.0.0.1:\(server.port)"))
            #expect(await opens("https://Chart.example"))
            #expect(await !opens("https://other.example"))
            #expect(await !opens("http://127.0.0.1:1"))
            #expect(await !opens("null"))
            let upgrade = [
                "connection": "upgrade", "upgrade": "websocket", "origin": "https://other.example",
            ]
            let answer = try await server.get("/feed", headers: upgrade)
            #expect(answer.status == 403)
            #expect(try answer.json()["detail"]?.text?.contains("CORS_ORIGINS") == true)
        }
    }

    @Test func aRequestThatNeverEndsIsCutOff() async throws {
        try await APITestServer.with(
            server: { $0.requestTimeout = .milliseconds(200) }
        ) { server in
            let head = "POST /symbols HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nab"
            try await RawConnection.expectClosed(port: server.port, after: head)
        }
        // Of a body that is sent in pieces nobody has said how long it is.
        try await APITestServer.with { server in
            let head = "POST /symbols HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            let piece = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
            try await RawConnection.expectClosed(
                port: server.port, after: head + String(repeating: piece, count: 8))
        }
        try await APITestServer.with(server: { $0.handshakeTimeout = .milliseconds(200) }) { server in
            try await RawConnection.expectClosed(port: server.port, after: "GET / HTTP/1.1\r\nHost:")
        }
    }

    @Test func headersAreBounded() async throws {
        try await APITestServer.with { server in
            let many = (0..<300).map { "X-\($0): 1\r\n" }.joined()
            try await RawConnection.expectClosed(
                port: server.port, after: "GET / HTTP/1.1\r\nHost: x\r\n\(many)\r\n")
            let long = "X-Long: " + String(repeating: "x", count: 20_000)
            try await RawConnection.expectClosed(
                port: server.port, after: "GET / HTTP/1.1\r\nHost: x\r\n\(long)\r\n\r\n")
        }
    }
}

/// A connection on which anything can be sent.
private enum RawConnection {
    /// Sends a text and waits until the server has closed the connection, for as long as a loaded machine may take.
    static func expectClosed(port: Int, after text: String) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
        // The server may close while we send.
        try? await channel.writeAndFlush(ByteBuffer(string: text))
        let closed = Task { try await channel.closeFuture.get() }
        try await eventually("the connection is closed") { !channel.isActive }
        _ = await closed.result
    }
}
