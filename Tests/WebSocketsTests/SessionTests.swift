import NIOCore
import NIOPosix
import Synchronization
import Testing
import WebSockets

@Suite struct SessionTests {
    @Test func echoesTextAndBinaryOfEverySize() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.maxMessageBytes = 200_000
        try await TestServer.with(configuration) { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            var messages = session.messages.makeAsyncIterator()
            for size in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
                let bytes = ByteBuffer(bytes: (0..<size).map { UInt8(0x20 + $0 % 90) })
                try await session.send(text: bytes)
                #expect(await messages.next() == .text(bytes))
                try await session.send(binary: bytes)
                #expect(await messages.next() == .binary(bytes))
            }
            try await session.send(text: "Größe €")
            #expect(await messages.next()?.text == "Größe €")
            await session.close()
            #expect(await messages.next() == nil)
        }
    }

    @Test func keepsTheOrderOfManyMessages() async throws {
        try await TestServer.with { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            let count = 20_000
            async let sending: Void = {
                for number in 0..<count { try await session.send(text: "\(number)") }
            }()
            await expectNumbers(count, from: session)
            try await sending
            await session.close()
        }
    }

    @Test func aSessionStaysOnItsConnectionsEventLoop() async throws {
        @Sendable func loop() -> String { MultiThreadedEventLoopGroup.currentEventLoop.map { "\($0)" } ?? "none" }
        var configuration = WebSocketServerConfiguration()
        configuration.keepsSessionsOnEventLoop = true
        try await TestServer.with(
            configuration,
            session: { session in
                for await _ in session.messages {
                    try await session.send(text: loop())
                    try await Task.sleep(for: .milliseconds(1))
                }
            },
            { server in
                let session = try await WebSocketClient().connect(to: server.address + "/ws")
                var messages = session.messages.makeAsyncIterator()
                var loops: Set<String> = []
                for _ in 0..<100 {
                    try await session.send(text: "where")
                    loops.insert(try #require(await messages.next()?.text))
                }
                await session.close()
                #expect(loops.count == 1 && !loops.contains("none"))
            })
    }

    @Test func sharesEncodedFramesBetweenSessions() async throws {
        let frames: WebSocketFrameBytes = {
            var frames = WebSocketFrameBytes.text("first")
            frames.append(text: Array("second".utf8).span.bytes)
            return frames
        }()
        #expect(frames.messageCount == 2)
        try await TestServer.with(session: { session in
            try await session.send(frames)
            for await _ in session.messages {}
        }) { server in
            let client = try await WebSocketClient()
            for _ in 0..<3 {
                let session = try await client.connect(to: server.address + "/ws")
                var messages = session.messages.makeAsyncIterator()
                #expect(await messages.next()?.text == "first")
                #expect(await messages.next()?.text == "second")
                await session.close()
            }
        }
    }

    @Test func deliversWhatTheServerSendsRightBehindItsAnswer() async throws {
        try await TestServer.with(session: { session in
            try await session.send(text: "at once")
        }) { server in
            let client = try await WebSocketClient()
            for _ in 0..<50 {
                let session = try await client.connect(to: server.address + "/ws")
                var messages = session.messages.makeAsyncIterator()
                #expect(await messages.next()?.text == "at once")
                #expect(await messages.next() == nil)
                #expect(session.closure == .init(code: .normal, reason: "", isByPeer: true))
            }
        }
    }

    @Test func closesWithTheClientsCodeAndReason() async throws {
        try await TestServer.with { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            let serverSide = try await server.log.first()
            await session.close(.init(rawValue: 4000), reason: "bye")
            #expect(session.closure == .init(code: .init(rawValue: 4000), reason: "bye", isByPeer: false))
            try await eventually("the server sees it") { serverSide.closure != nil }
            #expect(serverSide.closure == .init(code: .init(rawValue: 4000), reason: "bye", isByPeer: true))
            await #expect(throws: WebSocketError.self) { try await session.send(text: "late") }
            #expect(session.offer(.text("late")) == .closed)
        }
    }

    struct Failure: Error {}

    static let failures: [(WebSocketCloseError?, UInt16)] = [
        (nil, 1011), (WebSocketCloseError(.policyViolation, "no"), 1008),
        (WebSocketCloseError(.tryAgainLater, "busy"), 1013),
    ]

    @Test(arguments: failures)
    func closesWithTheCodeOfTheHandlersError(error: WebSocketCloseError?, code: UInt16) async throws {
        try await TestServer.with(session: { _ in throw (error as (any Error)?) ?? Failure() }) { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            #expect(await session.nextBatch() == nil)
            #expect(session.closure?.code.rawValue == code)
            #expect(session.closure?.reason == error?.reason ?? "")
        }
    }

    @Test func cancelsTheHandlerWhenThePeerVanishes() async throws {
        let wasCancelled = Mutex(false)
        try await TestServer.with(session: { _ in
            try? await Task.sleep(for: .seconds(60))
            wasCancelled.withLock { $0 = Task.isCancelled }
        }) { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            _ = try await server.log.first()
            session.abort()
            try await eventually("the handler is cancelled") { wasCancelled.withLock { $0 } }
        }
    }

    @Test func cancelsAReader() async throws {
        try await TestServer.with { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            let reader = Task { await session.nextBatch() }
            reader.cancel()
            #expect(await reader.value == nil)
            // The session itself goes on.
            try await session.send(text: "still here")
            #expect(await session.nextBatch()?.first?.text == "still here")
            await session.close()
        }
    }

    @Test func shutsDownWith1001() async throws {
        let client = try await WebSocketClient()
        let held = Mutex<WebSocketSession?>(nil)
        try await TestServer.with { server in
            let session = try await client.connect(to: server.address + "/ws")
            held.withLock { $0 = session }
            _ = try await server.log.first()
            let began = ContinuousClock.now
            await server.group.triggerGracefulShutdown()
            #expect(await session.nextBatch() == nil)
            #expect(session.closure?.code == .goingAway)
            #expect(ContinuousClock.now - began < .seconds(15))
        }
    }

    @Test func answersPingsAndStaysOpenWhileTheyAreAnswered() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.pingInterval = .milliseconds(20)
        configuration.pongTimeout = .seconds(10)
        try await TestServer.with(configuration) { server in
            let raw = try await RawConnection.webSocket(port: server.port)
            for _ in 0..<10 {
                let ping = try await raw.frame()
                #expect(ping.opcode == 9)
                try await raw.send(10, ping.payload)
            }
            try await raw.send(9, Array("hello".utf8))
            var frame = try await raw.frame()
            while frame.opcode == 9 { frame = try await raw.frame() }
            #expect(frame == .init(opcode: 10, payload: Array("hello".utf8)))
            #expect(!raw.isClosed)
            raw.close()
        }
    }

    @Test func closesAPeerThatAnswersNoPing() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.pingInterval = .milliseconds(50)
        configuration.pongTimeout = .milliseconds(100)
        configuration.closeTimeout = .milliseconds(100)
        try await TestServer.with(configuration) { server in
            let raw = try await RawConnection.webSocket(port: server.port)
            var frame = try await raw.frame()
            while frame.opcode == 9 { frame = try await raw.frame() }
            #expect(frame.closeCode == 1011)
            // It answers the close as little as the pings: the socket is closed all the same.
            try await eventually("the socket is closed") { raw.isClosed }
        }
    }
}
