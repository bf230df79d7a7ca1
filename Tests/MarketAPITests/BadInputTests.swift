import Hummingbird
import MarketWire
import NIOCore
import Testing

@testable import MarketAPI

/// What callers get wrong, and the sentence that they are told.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let status: Int
        let kind: String
        /// A word that the sentence must have, so that it can be acted on.
        let word: String

        init(_ path: String, _ status: Int, _ kind: String, _ word: String) {
            self.path = path
            self.status = status
            self.kind = kind
            self.word = word
        }

        var testDescription: String { path }
    }

    static let cases = [
        Case("/candles?limit=0", 400, "invalid-parameter", "1 to 1000"),
        Case("/candles?limit=1001", 400, "invalid-parameter", "1 to 1000"),
        Case("/candles?limit=abc", 400, "invalid-parameter", "abc"),
        Case("/candles?limit=", 400, "invalid-parameter", "whole number"),
        Case("/candles?limit=-5", 400, "invalid-parameter", "1 to 1000"),
        Case("/candles?limit=99999999999999999999999", 400, "invalid-parameter", "1 to 1000"),
        Case("/candles?limit=1.5", 400, "invalid-parameter", "whole number"),
        Case("/candles?limit=1&limit=2", 400, "invalid-parameter", "more than once"),
        Case("/candles?symbol=BTC%20USDT", 400, "invalid-parameter", "BTCUSDT"),
        Case("/candles?symbol=", 400, "invalid-parameter", "symbol"),
        Case("/candles?symbol=%F0%9F%98%80", 400, "invalid-parameter", "symbol"),
        Case("/candles?symbol=%FF%FE", 400, "invalid-parameter", "symbol"),
        Case("/candles?symbol=BTCUSDT'%3BDROP%20TABLE%20candles", 400, "invalid-parameter", "symbol"),
        Case("/candles?symbol=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 400, "invalid-parameter", "1 to 32"),
        Case("/candles?symbol=:BTCUSDT", 400, "invalid-parameter", "venue"),
        Case("/candles?start=200&end=100", 400, "invalid-parameter", "reversed"),
        Case("/candles?start=1700000000000", 400, "invalid-parameter", "Milliseconds"),
        Case("/candles?start=-1", 400, "invalid-parameter", "unix seconds"),
        Case("/candles?end=soon", 400, "invalid-parameter", "unix seconds"),
        Case("/candles?interval=7s", 400, "invalid-parameter", "10s, 1m"),
        Case("/candles?interval=", 400, "invalid-parameter", "10s, 1m"),
        Case("/candles?include_open=maybe", 400, "invalid-parameter", "true or false"),
        Case("/candles?cursor=abc", 400, "invalid-parameter", "next_cursor"),
        Case("/candles?cursor=b.1700000000.1m.BTCUSDT", 400, "invalid-parameter", "another request"),
        Case("/candles?cursor=b.1700000000.10s.ETHUSDT", 400, "invalid-parameter", "another request"),
        Case("/candles?cursor=f.1700000000.10s.BTCUSDT", 400, "invalid-parameter", "another request"),
        Case("/candles?intervall=1m", 400, "unknown-parameter", "interval"),
        Case("/candles?fill=next", 400, "invalid-parameter", "previous"),
        Case("/candles?order=up", 400, "invalid-parameter", "asc, desc"),
        Case("/candles?format=xml", 400, "invalid-parameter", "json, csv"),
        Case("/candles?filling=previous", 400, "unknown-parameter", "fill"),
        Case("/candles/last?symbol=ETHUSDT", 404, "no-closed-candle", "10s"),
        Case("/candles?symbol=XRPUSDT", 404, "symbol-not-followed", "/symbols"),
        Case("/price?symbol=XRPUSDT", 404, "symbol-not-followed", "/symbols"),
        Case("/price?symbol=ETHUSDT", 404, "no-trade-yet", "no trade"),
        Case("/price?symbol=BTC+USDT", 400, "invalid-parameter", "symbol"),
        Case("/price?limit=1", 400, "unknown-parameter", "symbol"),
        Case("/current-candle?interval=1w", 400, "invalid-parameter", "1d"),
        Case("/current-candle?symbol=BTCUSDT", 404, "no-open-candle", "/candles"),
        Case("/current-candle?symbol=ETHUSDT", 404, "no-trade-yet", "no trade"),
        Case("/symbols?x=1", 400, "unknown-parameter", "none"),
        Case("/health?x=1", 400, "unknown-parameter", "none"),
        Case("/feed", 426, "upgrade-required", "WebSocket"),
        Case("/ws/price", 426, "upgrade-required", "WebSocket"),
        Case("/nowhere", 404, "not-found", "/nowhere"),
        Case("/dashboard/../../etc/passwd", 404, "not-found", "nothing"),
        Case("/dashboard/secret.js", 404, "not-found", "secret.js"),
        Case("/dashboard/lightweight-charts.js", 404, "asset-missing", "scripts/setup"),
    ]

    @Test func everyMistakeIsToldInASentence() async throws {
        try await APITestServer.with { server in
            let bitcoin = try Sample.instrument("BTCUSDT")
            server.board.take(try Sample.update(price: "67000.01", tradeID: 1), of: bitcoin)
            for mistake in Self.cases {
                let answer = try await server.get(mistake.path)
                let problem = try answer.json()
                #expect(answer.status == mistake.status, "\(mistake.path): \(answer.text)")
                #expect(answer.headers["content-type"] == "application/problem+json", "\(mistake.path)")
                #expect(problem["type"]?.text == "urn:market-stream:problem:\(mistake.kind)", "\(mistake.path)")
                #expect(problem["status"]?.integer == Int64(mistake.status), "\(mistake.path)")
                #expect(problem["detail"]?.text?.contains(mistake.word) == true, "\(mistake.path): \(answer.text)")
                #expect(problem["instance"]?.text != nil, "\(mistake.path)")
            }
        }
    }

    @Test func otherMethodsAreRefusedWithWhatThereIs() async throws {
        try await APITestServer.with { server in
            for method in ["POST", "PUT", "DELETE"] {
                let answer = try await server.send(method, "/candles")
                #expect(answer.status == 405)
                #expect(answer.headers["allow"] == "GET, HEAD, OPTIONS")
            }
            let head = try await server.send("HEAD", "/candles")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test func aLargeBodyIsRefusedAndASmallOnePassedOver() async throws {
        try await APITestServer.with { server in
            let large = try await server.send("GET", "/symbols", body: ByteBuffer(repeating: 0, count: 1 << 20))
            #expect(large.status == 413)
            let small = try await server.send("GET", "/symbols", body: ByteBuffer(string: "{}"))
            #expect(small.status == 200)
        }
    }

    @Test func aStoreThatIsDownIs503WithATimeToComeBack() async throws {
        try await APITestServer.with { server in
            server.board.take(
                try Sample.update(price: "67000.01", tradeID: 1), of: try Sample.instrument("BTCUSDT"))
            server.history.fail(with: HistoryError(isTransient: true, description: "PostgreSQL cannot be reached"))
            let history = try await server.get("/candles")
            #expect(history.status == 503)
            #expect(history.headers["retry-after"] == "2")
            #expect(try await server.get("/price").status == 200)
            server.history.fail(with: HistoryError(isTransient: false, description: "a stored value cannot be read"))
            #expect(try await server.get("/candles").status == 500)
            server.history.fail(with: nil)
            #expect(try await server.get("/candles").status == 200)
        }
    }

    @Test func memoryAnswersForAWhileWithoutRedis() async throws {
        let clock = TestClock()
        try await APITestServer.with(time: clock.source, configure: { $0.priceWithoutRedisMillis = 60_000 }) { server in
            server.board.take(
                try Sample.update(price: "67000.01", tradeID: 1), of: try Sample.instrument("BTCUSDT"))
            #expect(try await server.get("/price").json()["live"]?.isTrue == true)
            server.board.feedInterrupted()
            clock.advance(millis: 59_000)
            let aged = try await server.get("/price")
            #expect(aged.status == 200)
            #expect(try aged.json()["live"]?.isTrue == false)
            #expect((try aged.json()["age_ms"]?.integer ?? 0) >= 59_000)
            // What was never known is not a symbol without trades: nobody can say.
            #expect(try await server.get("/price?symbol=ETHUSDT").status == 503)
            clock.advance(millis: 1_001)
            let late = try await server.get("/price")
            #expect(late.status == 503)
            #expect(late.headers["retry-after"] == "2")
            server.board.feedConnected()
            #expect(try await server.get("/price").status == 200)
        }
    }
}
