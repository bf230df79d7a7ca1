import MarketCore
import MarketWire
import Synchronization
import TestServers
import Testing
import WebSockets

@testable import Exchanges

/// The feed against a venue that misbehaves on demand, over a real socket.
@Suite(.timeLimit(.minutes(2))) struct BinanceFeedTests {
    @Test func manyInstrumentsOnOneConnectionInFewRequests() async throws {
        let requests = Mutex<[String]>([])
        let script: ScriptedVenue.Script = { _, session in
            try await ScriptedVenue.answer(session) { text in requests.withLock { $0.append(text) } }
        }
        let symbols = (0..<450).map { "A\($0)USDT" }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver()
            try await venue.follow(try venue.feed(symbols), receiver) {
                try await waitUntil("all are granted", withinMillis: 30_000) { receiver.connectedCount == 1 }
            }
            #expect(receiver.disconnections.isEmpty)
        }
        let asked = try requests.withLock { $0 }.map { text in
            let request = try BinanceRequest(parsing: Array(text.utf8).span.bytes)
            guard case .subscribe(let names) = request.method else { return [String]() }
            return names
        }
        #expect(asked.map(\.count) == [200, 200, 50])
        #expect(asked.flatMap(\.self) == symbols.map { $0.lowercased() + "@trade" })
    }

    @Test func manyInstrumentsAreSharedOutAmongConnections() async throws {
        let asked = Mutex<[Int: [String]]>([:])
        let script: ScriptedVenue.Script = { number, session in
            try await ScriptedVenue.answer(session) { text in
                guard let names = (try? JSONValue(parsing: Array(text.utf8)))?["params"]?.elements else { return }
                asked.withLock { $0[number] = names.compactMap(\.text) }
            }
        }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver()
            let feed = try venue.feed(["A", "B", "C", "D", "E"]) { $0.streamsPerConnection = 2 }
            try await venue.follow(feed, receiver) {
                try await waitUntil("three connections", withinMillis: 30_000) { receiver.connectedCount == 3 }
            }
        }
        let names = asked.withLock { $0.values.map(\.self) }
        #expect(names.map(\.count).sorted() == [1, 2, 2])
        #expect(names.flatMap(\.self).sorted() == ["a@trade", "b@trade", "c@trade", "d@trade", "e@trade"])
    }

    /// The old connection is only ended once the new one brings everything.
    @Test(arguments: [true, false]) func aConnectionThatEndsSoonIsReplacedBeforeItEnds(_ isTold: Bool) async throws {
        let first = Mutex<[Int]>([])
        let mayAgree = Mutex(false)
        let script: ScriptedVenue.Script = { number, session in
            try await session.send(text: ScriptedVenue.trade(number * 100))
            if number == 1 {
                if isTold { try await session.send(text: #"{"e":"serverShutdown","E":1}"#) }
                // Goes on while the second one is made.
                let beat = Task {
                    for number in 0... {
                        // Below those of the second one, however long it takes.
                        let id = 101 + number % 90
                        try await session.send(text: ScriptedVenue.trade(id))
                        first.withLock { $0.append(id) }
                        try await Task.sleep(for: .milliseconds(10))
                    }
                }
                defer { beat.cancel() }
                try await ScriptedVenue.answer(session)
            } else {
                // Slow to agree: the first one is needed until then.
                while !mayAgree.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
                try await ScriptedVenue.answer(session)
            }
        }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver()
            let feed = try venue.feed {
                $0.rules.replacedAfter = .zero
                if !isTold { $0.rules.longestLife = .milliseconds(300) }
            }
            try await venue.follow(feed, receiver) {
                try await waitUntil("the second connection", withinMillis: 30_000) { receiver.ids.contains(200) }
                let seen = receiver.ids.filter { $0 < 200 }.count
                try await waitUntil("the first goes on beside it", withinMillis: 30_000) {
                    receiver.ids.filter { $0 < 200 }.count > seen + 3
                }
                mayAgree.withLock { $0 = true }
                try await waitUntil("the first is ended", withinMillis: 30_000) {
                    let count = first.withLock { $0.count }
                    try await Task.sleep(for: .milliseconds(100))
                    return first.withLock { $0.count } == count
                }
            }
            #expect(receiver.disconnections.isEmpty)
        }
    }

    /// A market in which nothing is traded is no stalled connection: the venue still answers.
    @Test func aQuietMarketIsNotAStaleConnection() async throws {
        let asked = Mutex(0)
        let script: ScriptedVenue.Script = { _, session in
            for await message in session.messages {
                guard let text = message.text else { continue }
                let isQuestion = text.contains("LIST_SUBSCRIPTIONS")
                if isQuestion { asked.withLock { $0 += 1 } }
                try await session.send(
                    text: isQuestion ? #"{"result":["btcusdt@trade"],"id":0}"# : #"{"result":null,"id":1}"#)
            }
        }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver()
            try await venue.follow(try venue.feed { $0.rules.staleAfter = .seconds(8) }, receiver) {
                try await waitUntil("it is asked again and again", withinMillis: 60_000) {
                    asked.withLock { $0 } >= 2
                }
            }
            #expect(receiver.disconnections.isEmpty && receiver.connectedCount == 1)
        }
    }

    @Test func garbageIsToldAndTheRestGoesOn() async throws {
        let script: ScriptedVenue.Script = { _, session in
            try await session.send(text: ScriptedVenue.trade(1))
            try await session.send(text: "{\"e\":\"trade\",")
            try await session.send(text: ScriptedVenue.trade(-2))
            try await session.send(text: #"{"error":{"code":2,"msg":"Invalid request"},"id":1}"#)
            try await session.send(text: #"{"e":"serverShutdown","E":1}"#)
            try await session.send(text: ScriptedVenue.trade(3))
            try await ScriptedVenue.answer(session)
        }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver()
            try await venue.follow(try venue.feed(), receiver) {
                try await waitUntil("both trades", withinMillis: 30_000) { receiver.ids == [1, 3] }
            }
            let reasons = receiver.unusable.map(\.reason)
            #expect(reasons.count == 3)
            #expect(receiver.unusable.first?.excerpt == "{\"e\":\"trade\",")
            #expect(reasons.contains { $0.contains("negative") })
            #expect(reasons.contains { $0.contains("Invalid request") })
            #expect(receiver.disconnections.isEmpty)
        }
    }

    @Test func aConnectionThatEndsIsMadeAgainHoweverItEnds() async throws {
        let script: ScriptedVenue.Script = { number, session in
            try await session.send(text: ScriptedVenue.trade(number))
            switch number {
            case 1: await session.close(.goingAway, reason: "24 hours are over")
            case 2:
                // Once the client is really there.
                for await _ in session.messages { break }
                session.abort()
            case 3: throw WebSocketCloseError(.policyViolation, "Too many requests")
            default: try await ScriptedVenue.answer(session)
            }
        }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver()
            try await venue.follow(try venue.feed(), receiver) {
                try await waitUntil("four connections", withinMillis: 30_000) { receiver.ids.last == 4 }
            }
            let ends = receiver.disconnections
            #expect(ends.count == 3)
            #expect(ends[0].reason.contains("24 hours are over"))
            #expect(ends[2].reason.contains("1008"))
            // Half of the ceiling, as the jitter here is: trades came, so each failure is the first one.
            #expect(ends.map(\.pause) == [5, 5, 5].map { .milliseconds($0) }, "\(ends.map(\.reason))")
        }
    }

    @Test func aVenueThatCannotBeReachedIsTriedWithGrowingPauses() async throws {
        // Nobody listens there, and no other test is given it.
        let port = 1
        let venue = ScriptedVenue(port: port)
        let receiver = RecordingReceiver()
        let feed = try venue.feed { $0.rules.backoffLongest = .milliseconds(40) }
        try await venue.follow(feed, receiver) {
            try await waitUntil("five attempts", withinMillis: 30_000) { receiver.disconnections.count >= 5 }
        }
        let pauses = receiver.disconnections.prefix(5).map(\.pause)
        #expect(pauses == [5, 10, 20, 20, 20].map { .milliseconds($0) })
        #expect(receiver.disconnections[0].reason.contains("\(port)"))
    }

    @Test func silenceEndsAConnection() async throws {
        let script: ScriptedVenue.Script = { number, session in
            try await session.send(text: ScriptedVenue.trade(number))
            for await _ in session.messages {}
        }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver()
            let feed = try venue.feed { $0.rules.staleAfter = .seconds(2) }
            try await venue.follow(feed, receiver) {
                try await waitUntil("a second connection", withinMillis: 30_000) { receiver.ids.contains(2) }
            }
            #expect(receiver.disconnections.first?.reason.contains("nothing came in") == true)
        }
    }

    /// While the receiver takes its time nothing is read: backpressure is not the venue's silence.
    @Test func aSlowReceiverIsNotAStaleVenue() async throws {
        let script: ScriptedVenue.Script = { _, session in
            try await session.send(text: ScriptedVenue.trade(1))
            for await _ in session.messages {}
        }
        let isDone = Mutex(false)
        try await ScriptedVenue.with(script: script) { venue in
            let staleAfter = Duration.milliseconds(50)
            let receiver = RecordingReceiver { _ in
                // Twenty times the patience.
                try await Task.sleep(for: staleAfter * 20)
                isDone.withLock { $0 = true }
            }
            try await venue.follow(try venue.feed { $0.rules.staleAfter = staleAfter }, receiver) {
                try await waitUntil("the receiver is done", withinMillis: 30_000) { isDone.withLock { $0 } }
            }
        }
    }

    @Test func serverPingsAreAnswered() async throws {
        var configuration = WebSocketServerConfiguration()
        configuration.pingInterval = .milliseconds(50)
        configuration.pongTimeout = .seconds(3)
        let connections = Mutex(0)
        let script: ScriptedVenue.Script = { number, session in
            connections.withLock { $0 = number }
            // Many pings long: without pongs the server would have closed by then.
            for id in 1...20 {
                try await session.send(text: ScriptedVenue.trade(id))
                try await Task.sleep(for: .milliseconds(250))
            }
            try await ScriptedVenue.answer(session)
        }
        try await ScriptedVenue.with(configuration, script: script) { venue in
            let receiver = RecordingReceiver()
            try await venue.follow(try venue.feed(), receiver) {
                try await waitUntil("all trades", withinMillis: 30_000) { receiver.ids.last == 20 }
            }
            #expect(receiver.ids == Array(1...20))
        }
        #expect(connections.withLock { $0 } == 1)
    }

    @Test func anErrorOfTheReceiverEndsTheFeed() async throws {
        struct Refusal: Error {}
        let script: ScriptedVenue.Script = { _, session in
            try await session.send(text: ScriptedVenue.trade(1))
            try await ScriptedVenue.answer(session)
        }
        try await ScriptedVenue.with(script: script) { venue in
            let receiver = RecordingReceiver { _ in throw Refusal() }
            let feed = try venue.feed()
            await #expect(throws: Refusal.self) { try await feed.run(receiver) }
        }
    }

    @Test func metadataIsAskedForByREST() async throws {
        let bitcoin = [try Instrument(key: "BTCUSDT")]
        let body =
            #"{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":["#
            + #"{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","stepSize":"0.00001"}]}]}"#
        try await ScriptedVenue.with(exchangeInfo: (.ok, body), script: { _, _ in }) { venue in
            let records = try await venue.feed().catalog.metadata(of: bitcoin)
            #expect(records.map(\.symbol) == ["BTCUSDT"])
        }
        try await ScriptedVenue.with(
            exchangeInfo: (.tooManyRequests, #"{"code":-1003,"msg":"Too much request weight used"}"#),
            script: { _, _ in }
        ) { venue in
            let error = await #expect(throws: VenueError.self) { try await venue.feed().catalog.metadata(of: bitcoin) }
            #expect(error?.code == .tooManyRequests && error?.message.contains("429") == true)
            #expect(error?.message.contains("Too much request weight used") == true)
        }
        try await ScriptedVenue.with(exchangeInfo: (.ok, "<html>"), script: { _, _ in }) { venue in
            await #expect(throws: (any Error).self) { try await venue.feed().catalog.metadata(of: bitcoin) }
        }
    }
}
