import AsyncHTTPClient
import MarketCore
import MarketWire
import NIOCore
import Synchronization
import Testing

@testable import MarketAPI

/// `/events` over a real connection.
@Suite struct EventTests {
    private func listening(
        _ server: APITestServer, _ path: String, lastEventID: String? = nil,
        _ body: (EventLog) async throws -> Void
    ) async throws {
        let log = EventLog()
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let reading = Task {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(server.port)\(path)")
            if let lastEventID { request.headers.add(name: "Last-Event-ID", value: lastEventID) }
            let response = try await client.execute(request, timeout: .seconds(120))
            log.open(response.status.code, response.headers.first(name: "content-type") ?? "")
            for try await chunk in response.body { log.take(String(buffer: chunk)) }
            log.end()
        }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(log)) } catch { outcome = .failure(error) }
        reading.cancel()
        _ = await reading.result
        try await client.shutdown()
        try outcome.get()
    }

    private static let path = "/events?symbols=BTCUSDT&channels=price,candles,trades&intervals=10s"

    @Test func theFeedsMessagesComeAsEvents() async throws {
        try await APITestServer.with(configure: { $0.feedLimits.keepAliveMillis = 100 }) { server in
            let instrument = try Sample.instrument("BTCUSDT")
            try await listening(server, Self.path) { log in
                try await eventually("the snapshot") { log.all("snapshot").count == 1 }
                #expect(log.status == 200 && log.contentType.hasPrefix("text/event-stream"))
                server.board.takeClosed(try Sample.candle(1_000), of: instrument)
                server.board.tookTrades([try Sample.trade(1)])
                try await eventually("a candle and a trade") {
                    log.all("candle").count == 1 && log.all("trade").count == 1
                }
                #expect(log.all("candle")[0].data["seq"]?.integer == 1)
                #expect(log.all("trade")[0].id?.hasSuffix(".1-1") == true)
                try await eventually("a status, and a comment in the silence") {
                    !log.all("status").isEmpty && log.comments > 0
                }
                let health = try await server.get("/health").json()
                #expect(health["active_event_clients"]?.integer == 1)
            }
            try await eventually("the client is forgotten") {
                try await server.get("/health").json()["active_event_clients"]?.integer == 0
            }
        }
    }

    @Test func whoReturnsIsToldWhatItMissed() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            var seen: String?
            try await listening(server, Self.path) { log in
                try await eventually("the snapshot") { log.all("snapshot").count == 1 }
                server.board.takeClosed(try Sample.candle(1_000), of: instrument)
                try await eventually("the candle") { log.all("candle").count == 1 }
                seen = log.all("candle")[0].id
            }
            let id = try #require(seen)
            // Nothing happened meanwhile.
            try await listening(server, Self.path, lastEventID: id) { log in
                try await eventually("the snapshot") { log.all("snapshot").count == 1 }
                #expect(log.all("gap").isEmpty && log.all("snapshot")[0].id == id)
            }
            server.board.takeClosed(try Sample.candle(1_010), of: instrument)
            server.board.takeClosed(try Sample.candle(1_020), of: instrument)
            try await listening(server, Self.path, lastEventID: id) { log in
                try await eventually("the snapshot") { log.all("snapshot").count == 1 }
                let gap = try #require(log.all("gap").first).data
                #expect(gap["reason"]?.text == "reconnected" && gap["interval"]?.text == "10s")
                #expect(gap["from"]?.integer == 2 && gap["to"]?.integer == 3)
                #expect(log.all("gap").count == 1)
            }
            // Of another request's id, or of none that can be read, nothing can be told.
            for strange in [id, "nonsense", "a.b.c.d"] {
                let other = Self.path.replacing("10s", with: "1m")
                try await listening(server, other, lastEventID: strange) { log in
                    try await eventually("the snapshot") { log.all("snapshot").count == 1 }
                    #expect(log.all("gap").map { $0.data["reason"]?.text } == ["feed_interrupted", "feed_interrupted"])
                }
            }
        }
    }

    @Test func mistakesAreAnswered() async throws {
        try await APITestServer.with(configure: { $0.feedLimits.subscriptionsPerEventClient = 3 }) { server in
            for (query, status) in [
                ("symbols=XRPUSDT", 404), ("channels=prices", 400), ("channels=trades&intervals=10s", 400),
                ("channels=candles", 400), ("intervals=7s", 400), ("what=1", 400), ("intervals=10s,1m,5m", 400),
            ] {
                let answer = try await server.get("/events?\(query)")
                #expect(answer.status == status, "\(query)")
                #expect(try answer.json()["detail"]?.text?.isEmpty == false)
            }
        }
    }

    @Test func aShutdownEndsTheStreams() async throws {
        let log = Mutex<EventLog?>(nil)
        try await confirmation { ended in
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            let reading = Mutex<Task<Void, any Error>?>(nil)
            try await APITestServer.with { server in
                let own = EventLog()
                log.withLock { $0 = own }
                let task = Task {
                    let url = "http://127.0.0.1:\(server.port)\(Self.path)"
                    let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(120))
                    for try await chunk in response.body { own.take(String(buffer: chunk)) }
                    own.end()
                }
                reading.withLock { $0 = task }
                try await eventually("the snapshot") { own.all("snapshot").count == 1 }
            }
            // The server is gone: the stream has ended as streams do, not with an error.
            try await reading.withLock { $0 }?.value
            #expect(log.withLock { $0?.hasEnded } == true)
            try await client.shutdown()
            ended()
        }
    }
}

/// Events as a browser would read them.
final class EventLog: Sendable {
    struct Event: Sendable {
        let type: String
        let id: String?
        let data: JSONValue
    }

    private struct State {
        var status: UInt = 0
        var contentType = ""
        var rest = ""
        var events: [Event] = []
        var comments = 0
        var hasEnded = false
    }

    private let state = Mutex(State())

    var status: UInt { state.withLock { $0.status } }
    var contentType: String { state.withLock { $0.contentType } }
    var comments: Int { state.withLock { $0.comments } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func all(_ type: String) -> [Event] { state.withLock { $0.events.filter { $0.type == type } } }

    func open(_ status: UInt, _ contentType: String) {
        state.withLock { state in
            state.status = status
            state.contentType = contentType
        }
    }

    func end() { state.withLock { $0.hasEnded = true } }

    func take(_ text: String) {
        state.withLock { state in
            state.rest += text
            while let end = state.rest.firstRange(of: "\n\n") {
                let block = String(state.rest[..<end.lowerBound])
                state.rest = String(state.rest[end.upperBound...])
                if block.hasPrefix(":") { state.comments += 1 }
                var fields: [String: String] = [:]
                for line in block.split(separator: "\n") {
                    guard let colon = line.firstRange(of: ": ") else { continue }
                    fields[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
                }
                guard let type = fields["event"], let data = fields["data"],
                    let value = try? JSONValue(parsing: Array(data.utf8))
                else { continue }
                state.events.append(Event(type: type, id: fields["id"], data: value))
            }
        }
    }
}
