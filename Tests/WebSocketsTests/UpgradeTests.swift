import Foundation
import HTTPTypes
import NIOCore
import Testing
import WebSockets

@Suite struct UpgradeTests {
    @Test func leavesADeclinedUpgradeToTheRouterAndCloses() async throws {
        try await TestServer.with { server in
            for (path, status) in [("/plain", 200), ("/nowhere", 404)] {
                let raw = try await RawConnection.open(port: server.port)
                try await raw.send(text: RawConnection.upgradeRequest(path))
                #expect(try await raw.head().hasPrefix("HTTP/1.1 \(status) "))
                _ = try await raw.rest()
            }
        }
    }

    @Test func servesPlainHTTPAndKeepsItAlive() async throws {
        try await TestServer.with { server in
            let raw = try await RawConnection.open(port: server.port)
            for _ in 0..<3 {
                try await raw.send(text: "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await raw.head().hasPrefix("HTTP/1.1 200 "))
                try await raw.body("plain")
            }
            try await raw.send(text: "POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            #expect(try await raw.head().hasPrefix("HTTP/1.1 200 "))
            #expect(!raw.isClosed)
            raw.close()
        }
    }

    @Test func answersAnUpgradeOnAUsedConnectionAndCloses() async throws {
        try await TestServer.with { server in
            let raw = try await RawConnection.open(port: server.port)
            try await raw.send(text: "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await raw.head().hasPrefix("HTTP/1.1 200 "))
            try await raw.send(text: RawConnection.upgradeRequest("/ws"))
            #expect(try await raw.rest().contains("HTTP/1.1 426 "))
        }
    }

    /// Handshakes that are none, and what the router makes of them.
    @Test(arguments: [
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
    ])
    func answersAMalformedHandshake(request: String) async throws {
        try await TestServer.with { server in
            let raw = try await RawConnection.open(port: server.port)
            try await raw.send(text: request)
            #expect(try await raw.rest().hasPrefix("HTTP/1.1 426 "))
        }
    }

    @Test func answersAPostThatOffersAnUpgrade() async throws {
        try await TestServer.with { server in
            let raw = try await RawConnection.open(port: server.port)
            try await raw.send(
                text: "POST /plain HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
                    + "Content-Length: 5\r\n\r\nhello")
            #expect(try await raw.rest().hasSuffix("hello"))
        }
    }

    @Test func refusesWhatIsNoHTTP() async throws {
        try await TestServer.with { server in
            let raw = try await RawConnection.open(port: server.port)
            try await raw.send(text: "this is no HTTP\r\n\r\n")
            #expect(try await raw.rest().hasPrefix("HTTP/1.1 400 "))
        }
    }

    /// With a compressor in the channel, which counts on one answer a request: the server goes on.
    @Test(arguments: [
        "GET /plain HTTP/1.1\r\nHost: x\r\n\r\nthis is no HTTP\r\n\r\n",
        "GET /plain HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n\u{80}\r\n",
        "POST /refused HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n\r\n",
        "POST /plain HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nno size\r\n\r\n",
    ])
    func refusesWhatIsNoHTTPAfterARequest(text: String) async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.compressionMarker = "x-compress"
        configuration.malformedRequestAnswer = MalformedRequestAnswer(contentType: "text/plain", body: Array("no".utf8))
        try await TestServer.with(configuration) { server in
            for pause in [false, true] {
                let raw = try await RawConnection.open(port: server.port)
                let end = try #require(text.range(of: "\r\n\r\n")).upperBound
                try await raw.send(text: String(text[..<end]))
                if pause && text.hasPrefix("GET") { try await raw.body("\r\n\r\nplain") }
                try await raw.send(text: String(text[end...]))
                let answers = try await raw.rest()
                #expect(answers.contains("HTTP/1.1 4"), "\(answers)")
                guard text.hasPrefix("GET") else { continue }
                #expect(answers.hasSuffix("content-type: text/plain\r\n\r\nno"), "\(answers)")
            }
            let next = try await RawConnection.open(port: server.port)
            try await next.send(text: "GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(try await next.rest().hasSuffix("plain"))
        }
    }

    @Test func refusesAHeadWithoutEnd() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.maxHeaderBytes = 2_000
        try await TestServer.with(configuration) { server in
            let raw = try await RawConnection.open(port: server.port)
            try await raw.send(text: "GET /plain HTTP/1.1\r\nA: " + String(repeating: "x", count: 5_000))
            #expect(try await raw.rest().hasPrefix("HTTP/1.1 4"))
        }
    }

    @Test func closesAConnectionThatAsksForNothing() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.handshakeTimeout = .seconds(1)
        try await TestServer.with(configuration) { server in
            let silent = try await RawConnection.open(port: server.port)
            let slow = try await RawConnection.open(port: server.port)
            // On a busy machine the second is over before it is sent.
            try? await slow.send(text: "GET /ws HT")
            try await eventually("both are closed") { silent.isClosed && slow.isClosed }
        }
    }

    @Test func givesTheDeciderTheRequestAndSendsItsHeaders() async throws {
        try await TestServer.with(
            decide: { request in
                #expect(request.path == "/feed")
                #expect(request.query == "a=1&b=%20")
                #expect(request.head.headerFields[.authorization] == "Bearer secret")
                #expect(request.remoteAddress?.ipAddress == "127.0.0.1")
                return .upgrade([.secWebSocketProtocol: "v1"]) { session in try await session.send(text: "hi") }
            }
        ) { server in
            var configuration = WebSocketClientConfiguration()
            configuration.headers = [("Authorization", "Bearer secret")]
            let session = try await WebSocketClient(configuration)
                .connect(to: server.address + "/feed?a=1&b=%20")
            #expect(await session.nextBatch()?.first?.text == "hi")
            await session.close()
        }
    }

    @Test func reportsTheStatusOfARefusal() async throws {
        try await TestServer.with { server in
            let error = await #expect(throws: WebSocketError.self) {
                try await WebSocketClient().connect(to: server.address + "/refused")
            }
            #expect(error?.code == .refused(status: 429))
            #expect(error?.retryAfterSeconds == 7)
            #expect(error?.message.contains("too many") == true)
        }
    }

    @Test func saysWhyNoConnectionCouldBeMade() async throws {
        var configuration = WebSocketClientConfiguration()
        configuration.connectTimeout = .milliseconds(300)
        let client = try await WebSocketClient(configuration)
        let refused = await #expect(throws: WebSocketError.self) { try await client.connect(to: "ws://127.0.0.1:1/ws") }
        #expect(refused?.code == .unreachable)
        let malformed = await #expect(throws: WebSocketError.self) { try await client.connect(to: "http://x/") }
        #expect(malformed?.code == .malformedAddress)
        // A server that accepts and says nothing.
        var silent = WebSocketServerConfiguration()
        silent.handshakeTimeout = .seconds(30)
        try await TestServer.with(
            silent,
            decide: { _ in
                try await Task.sleep(for: .seconds(2))
                return .dontUpgrade
            }
        ) { server in
            let late = await #expect(throws: WebSocketError.self) { try await client.connect(to: server.address) }
            #expect(late?.code == .timedOut)
        }
    }

    @Test func speaksTLSAndChecksTheCertificate() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ws-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (key, certificate) = (folder.path + "/key.pem", folder.path + "/cert.pem")
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
            "-out", certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0, "openssl made a certificate")

        // Far longer than closing takes on the busiest machine.
        let closeTimeout = Duration.seconds(60)
        var server = WebSocketServerConfiguration()
        server.closeTimeout = closeTimeout
        try await server.useTLS(certificate: certificate, key: key)
        for (wrong, other) in [(folder.path + "/none.pem", key), (certificate, certificate)] {
            let error = await #expect(throws: WebSocketError.self) {
                var server = WebSocketServerConfiguration()
                try await server.useTLS(certificate: wrong, key: other)
            }
            #expect(error?.code == .tlsConfiguration)
        }
        try await TestServer.with(server) { server in
            var trusting = WebSocketClientConfiguration()
            trusting.authoritiesPath = certificate
            trusting.closeTimeout = closeTimeout
            let client = try await WebSocketClient(trusting)
            for host in ["localhost", "127.0.0.1"] {
                let session = try await client.connect(to: "wss://\(host):\(server.port)/ws")
                try await session.send(text: "secret")
                #expect(await session.nextBatch()?.first?.text == "secret")
                let began = ContinuousClock.now
                await session.close()
                #expect(ContinuousClock.now - began < closeTimeout, "both sides closed without a timeout")
            }
            let error = await #expect(throws: WebSocketError.self) {
                try await WebSocketClient().connect(to: "wss://localhost:\(server.port)/ws")
            }
            #expect(error?.code == .unreachable)
            #expect(error.map { "\($0)" }?.contains("an authority that is trusted here") == true)
        }
        var missing = WebSocketClientConfiguration()
        missing.authoritiesPath = folder.path + "/none.pem"
        let error = await #expect(throws: WebSocketError.self) { try await WebSocketClient(missing) }
        #expect(error?.code == .tlsConfiguration)
    }
}
