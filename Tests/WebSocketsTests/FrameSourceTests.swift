import NIOCore
import Synchronization
import Testing
import WebSockets

/// Sessions whose frames are drawn from a source.
@Suite struct FrameSourceTests {
    /// Gives the latest number that was put, and remembers how often it was asked.
    private final class Numbers: WebSocketFrameSource {
        private let state = Mutex<(waiting: [Int], asked: Int, padding: Int)>(([], 0, 0))

        private let onEnd: @Sendable () -> Void

        init(padding: Int = 0, onEnd: @escaping @Sendable () -> Void = {}) {
            self.onEnd = onEnd
            state.withLock { $0.padding = padding }
        }

        deinit { onEnd() }

        func put(_ number: Int) { state.withLock { $0.waiting.append(number) } }

        /// Only the newest counts.
        func replace(_ number: Int) { state.withLock { $0.waiting = [number] } }

        var asked: Int { state.withLock { $0.asked } }

        func waitingFrames() -> [WebSocketFrameBytes] {
            state.withLock { state in
                state.asked += 1
                defer { state.waiting = [] }
                return state.waiting.map { .text("\($0)" + String(repeating: " ", count: state.padding)) }
            }
        }
    }

    @Test func everythingAnnouncedComesInOrder() async throws {
        let count = 20_000
        try await TestServer.with(session: { session in
            let numbers = Numbers()
            // Announced before it is there, which is no announcement lost.
            numbers.put(0)
            session.announceFrames()
            session.draw(from: numbers)
            for number in 1..<count {
                numbers.put(number)
                session.announceFrames()
            }
            for await _ in session.messages {}
        }) { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            await expectNumbers(count, from: session)
            await session.close()
        }
    }

    @Test func framesOfBothKindsShareASession() async throws {
        try await TestServer.with(session: { session in
            let numbers = Numbers()
            session.draw(from: numbers)
            for await message in session.messages {
                try await session.send(text: "echo " + (message.text ?? ""))
                numbers.put(7)
                session.announceFrames()
            }
        }) { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            var messages = session.messages.makeAsyncIterator()
            for number in 0..<100 {
                try await session.send(text: "\(number)")
                // Which of the two comes first is not promised.
                let both = Set([await messages.next()?.text, await messages.next()?.text])
                #expect(both == ["echo \(number)", "7"])
            }
            await session.close()
        }
    }

    /// What a client does not read is not taken from the source: it gets the newest value later.
    @Test func aClientThatDoesNotReadLeavesTheSourceAlone() async throws {
        let numbers = Numbers(padding: 10_000)
        let lastPut = Mutex<Int?>(nil)
        try await TestServer.with(session: { session in
            session.draw(from: numbers)
            var number = 0
            var asked = 0
            var unasked = 0
            // Until the kernel's buffers and the client's inbox are full.
            while unasked < 300 {
                number += 1
                numbers.replace(number)
                session.announceFrames()
                try await Task.sleep(for: .milliseconds(1))
                unasked = numbers.asked == asked ? unasked + 1 : 0
                asked = numbers.asked
            }
            lastPut.withLock { $0 = number }
            for await _ in session.messages {}
        }) { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            let serverSide = try await server.log.first()
            try await eventually("nothing more is asked for", within: .seconds(60)) {
                lastPut.withLock { $0 != nil }
            }
            let last = try #require(lastPut.withLock { $0 })
            #expect(numbers.asked <= last - 299)
            #expect(serverSide.waitingBytes < 1 << 20)
            var newest = 0
            var count = 0
            while newest < last, let batch = await session.nextBatch() {
                for message in batch {
                    let number = try #require(Int(message.text?.split(separator: " ").first ?? ""))
                    #expect(number > newest)
                    newest = number
                    count += 1
                }
            }
            #expect(newest == last && count <= last - 299)
            await session.close()
        }
    }

    @Test func aSessionThatIsOverLetsItsSourceGo() async throws {
        let isGone = Mutex(false)
        try await TestServer.with(session: { session in
            let numbers = Numbers(onEnd: { isGone.withLock { $0 = true } })
            session.draw(from: numbers)
            numbers.put(1)
            session.announceFrames()
            for await _ in session.messages {}
        }) { server in
            let session = try await WebSocketClient().connect(to: server.address + "/ws")
            let serverSide = try await server.log.first()
            var messages = session.messages.makeAsyncIterator()
            #expect(await messages.next()?.text == "1")
            await session.close()
            try await eventually("the source is gone, though the session is not") { isGone.withLock { $0 } }
            #expect(serverSide.closure != nil)
        }
    }
}
