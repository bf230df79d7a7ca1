import NIOCore
import Synchronization
import Testing
import WebSockets

@Suite struct HostilePeerTests {
    static func limited() -> WebSocketServerConfiguration {
        var configuration = WebSocketServerConfiguration()
        configuration.maxMessageBytes = 1_000
        configuration.closeTimeout = .milliseconds(200)
        return configuration
    }

    @Test func putsFragmentsTogetherWithPingsBetween() async throws {
        try await TestServer.with(Self.limited()) { server in
            let raw = try await RawConnection.webSocket(port: server.port)
            try await raw.send(1, Array("ab".utf8), isFinal: false)
            try await raw.send(9, [7])
            try await raw.send(0, Array("\u{20AC}".utf8.prefix(1)), isFinal: false)
            try await raw.send(0, [], isFinal: false)
            try await raw.send(0, Array("\u{20AC}".utf8.dropFirst()) + Array("cd".utf8))
            #expect(try await raw.frame() == .init(opcode: 10, payload: [7]))
            #expect(try await raw.frame() == .init(opcode: 1, payload: Array("ab\u{20AC}cd".utf8)))
            raw.close()
        }
    }

    /// Frames that end a session, and the code with which they do.
    static let offences: [(String, [UInt8], Int)] = [
        ("text that is not UTF-8", RawConnection.frame(1, [0xC3, 0x28]), 1007),
        (
            "fragments that are not UTF-8 together",
            RawConnection.frame(1, [0xE2], isFinal: false) + RawConnection.frame(0, [0x28]), 1007
        ),
        ("a frame too large", RawConnection.frame(2, Array(repeating: 0, count: 1_001)), 1009),
        (
            "fragments too large",
            RawConnection.frame(2, Array(repeating: 0, count: 600), isFinal: false)
                + RawConnection.frame(0, Array(repeating: 0, count: 600)), 1009
        ),
        ("a length of 2^63", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1009),
        ("a frame not masked", RawConnection.frame(1, [65], mask: nil), 1002),
        ("a reserved bit", RawConnection.frame(1, [65], reserved: 0x40), 1002),
        ("an unknown opcode", RawConnection.frame(3, [65]), 1002),
        ("an unknown control opcode", RawConnection.frame(11, [65]), 1002),
        ("a continuation of nothing", RawConnection.frame(0, [65]), 1002),
        (
            "a message inside a fragmented one",
            RawConnection.frame(1, [65], isFinal: false) + RawConnection.frame(1, [65]), 1002
        ),
        ("a fragmented ping", RawConnection.frame(9, [65], isFinal: false), 1002),
        ("a ping of 126 bytes", RawConnection.frame(9, Array(repeating: 0, count: 126)), 1002),
        ("a close of one byte", RawConnection.frame(8, [3]), 1002),
        ("a close with 1005", RawConnection.frame(8, [0x03, 0xED]), 1002),
        ("a close with 999", RawConnection.frame(8, [0x03, 0xE7]), 1002),
        ("a close whose reason is not UTF-8", RawConnection.frame(8, [0x03, 0xE8, 0xFF]), 1007),
        ("a close with nothing", RawConnection.frame(8, []), 0),
        ("a close with 1000", RawConnection.frame(8, [0x03, 0xE8]), 1000),
    ]

    @Test(arguments: offences)
    func closesWithTheRightCode(offence: (name: String, bytes: [UInt8], code: Int)) async throws {
        try await TestServer.with(Self.limited()) { server in
            let raw = try await RawConnection.webSocket(port: server.port)
            // Whatever comes behind it must not matter.
            try await raw.send(offence.bytes + RawConnection.frame(1, [66]))
            let answer = try await raw.frame()
            #expect(answer.opcode == 8, "\(offence.name)")
            #expect(answer.closeCode ?? 0 == offence.code, "\(offence.name)")
            try await eventually("the socket is closed") { raw.isClosed }
            // Others are not affected.
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            try await session.send(text: "fine")
            #expect(await session.nextBatch()?.first?.text == "fine")
            await session.close()
        }
    }

    /// Offers a frame again and again until the session has been full for a while: the kernel's buffers are full too.
    static func fill(_ session: WebSocketSession, _ frame: WebSocketFrameBytes) async -> Int {
        var accepted = 0
        var refusalsInARow = 0
        while refusalsInARow < 500 {
            switch session.offer(frame) {
            case .accepted:
                accepted += 1
                refusalsInARow = 0
            case .full:
                refusalsInARow += 1
                try? await Task.sleep(for: .milliseconds(4))
            case .closed:
                return accepted
            }
        }
        return accepted
    }

    @Test func boundsWhatWaitsForAClientThatNeverReads() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.outboundLimitBytes = 100_000
        configuration.closeTimeout = .milliseconds(300)
        let outcome = Mutex<(accepted: Int, waiting: Int, closeTook: Duration?)>((0, 0, nil))
        try await TestServer.with(
            configuration,
            session: { session in
                let frame = WebSocketFrameBytes.text(String(repeating: "x", count: 1_000))
                let accepted = await Self.fill(session, frame)
                let waiting = session.waitingBytes
                // A patient sender waits, and is released by the end.
                let patient = Task { try await session.send(frame) }
                let began = ContinuousClock.now
                await session.close(.policyViolation, reason: "too slow")
                let took = ContinuousClock.now - began
                await #expect(throws: WebSocketError.self) { try await patient.value }
                outcome.withLock { $0 = (accepted, waiting, took) }
            }
        ) { server in
            let raw = try await RawConnection.webSocket(port: server.port, reads: false)
            try await eventually("the server gave up", within: .seconds(20)) {
                outcome.withLock { $0.closeTook } != nil
            }
            let seen = outcome.withLock { $0 }
            #expect(seen.accepted > 100)
            #expect(seen.waiting >= 100_000 && seen.waiting < 102_000)
            #expect(try #require(seen.closeTook) < .seconds(15))
            raw.close()
        }
    }

    @Test func doesNotHoldUpAShutdownByAClientThatNeverReads() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.closeTimeout = .milliseconds(300)
        let began = Mutex<ContinuousClock.Instant?>(nil)
        try await TestServer.with(
            configuration,
            session: { session in
                while true { try await session.send(text: String(repeating: "x", count: 10_000)) }
            }
        ) { server in
            _ = try await RawConnection.webSocket(port: server.port, reads: false)
            let session = try await server.log.first()
            try await eventually("the server's sender waits") { session.waitingBytes >= 1 << 20 }
            began.withLock { $0 = .now }
        }
        let start = try #require(began.withLock { $0 })
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test func stopsReadingAPeerWhoseMessagesNobodyTakes() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.inboundLimitBytes = 50_000
        let isReading = Mutex(false)
        let taken = Mutex(0)
        try await TestServer.with(
            configuration,
            session: { session in
                while !isReading.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                while let batch = await session.nextBatch() { taken.withLock { $0 += batch.count } }
            }
        ) { server in
            var client = WebSocketClientConfiguration()
            client.outboundLimitBytes = 20_000
            let session = try await WebSocketClient(client).connect(to: server.address + "/ws")
            let frame = WebSocketFrameBytes.binary(Array(repeating: 1, count: 1_000))
            let total = await Self.fill(session, frame)
            #expect(session.waitingBytes >= 20_000)
            isReading.withLock { $0 = true }
            try await eventually("all of it arrives") { taken.withLock { $0 } == total }
            await session.close()
        }
    }

    @Test func aThousandThatVanishHarmNobody() async throws {
        try await TestServer.with { server in
            let client = try await WebSocketClient()
            let session = try await client.connect(to: server.address + "/ws")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let raw = try await RawConnection.open(port: server.port)
                        let request = RawConnection.upgradeRequest("/ws")
                        switch number % 3 {
                        case 0: try await raw.send(text: String(request.prefix(40)))
                        case 1: try await raw.send(text: request)
                        default: break
                        }
                        raw.close()
                    }
                }
                try await group.waitForAll()
            }
            try await session.send(text: "still here")
            #expect(await session.nextBatch()?.first?.text == "still here")
            await session.close()
            try await eventually("their sessions end") { server.log.sessions.allSatisfy { $0.closure != nil } }
        }
    }
}
