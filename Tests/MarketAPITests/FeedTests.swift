import MarketCore
import MarketWire
import NIOCore
import Testing
import WebSockets

@testable import MarketAPI

/// `/feed` and `/ws/price` over a real socket.
@Suite struct FeedTests {
    @Test func aSnapshotComesFirstThenWhatChanges() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            let open = try Sample.candle(1_700_000_000, isClosed: false)
            server.board.take(try Sample.update(price: "10", tradeID: 1, candles: [open]), of: instrument)
            try await server.listening("/feed") { session, heard in
                try await session.send(
                    text: #"{"op":"subscribe","id":4,"symbols":["BTCUSDT"],"intervals":["10s"]}"#)
                try await eventually("the snapshot") { !heard.all("snapshot").isEmpty }
                let types = heard.all.compactMap { $0["type"]?.text }.filter { $0 != "status" }
                #expect(types == ["subscribed", "snapshot"])
                #expect(heard.all("subscribed")[0]["id"] == .number("4"))
                let snapshot = heard.all("snapshot")[0]
                #expect(snapshot["price"]?["price"]?.text == "10")
                #expect(snapshot["candles"]?["10s"]?["close"]?.text == open.close.description)

                server.board.take(try Sample.update(price: "11", tradeID: 2), of: instrument)
                try await eventually("the price") { heard.all("price").last?["price"]?.text == "11" }
                server.board.takeClosed(try Sample.candle(1_700_000_000), of: instrument)
                try await eventually("the closed candle") {
                    heard.all("candle").last?["candle"]?["closed"]?.isTrue == true
                }
                server.board.takeClosed(try Sample.candle(1_700_000_000, revision: 2), of: instrument)
                try await eventually("the amended candle") {
                    heard.all("candle").last?["candle"]?["revision"] == .number("2")
                }
                // An interval nobody asked for is not sent.
                server.board.takeClosed(try Sample.candle("BTCUSDT", .oneMinute, 1_699_999_980), of: instrument)
                server.board.take(try Sample.update(price: "12", tradeID: 3), of: instrument)
                try await eventually("the next price") { heard.all("price").last?["price"]?.text == "12" }
                #expect(heard.all("candle").allSatisfy { $0["candle"]?["interval"]?.text == "10s" })
            }
        }
    }

    @Test func mistakesAreAnsweredAndTheConnectionStays() async throws {
        try await APITestServer.with { server in
            try await server.listening("/feed") { session, heard in
                try await session.send(text: "nonsense")
                try await session.send(text: #"{"op":"subscribe","id":1,"symbols":["XRPUSDT"]}"#)
                try await session.send(text: #"{"op":"ping","id":2}"#)
                try await eventually("the pong") { !heard.all("pong").isEmpty }
                #expect(heard.all("error").map { $0["code"]?.text } == ["invalid_message", "unknown_symbol"])
                #expect(heard.all("error").last?["id"] == .number("1"))
            }
        }
    }

    @Test func statusTellsSilenceAndTheCutFeed() async throws {
        let clock = TestClock()
        try await APITestServer.with(
            time: clock.source,
            configure: {
                $0.statusCheckMillis = 10
                $0.marketSource = "simulator:x"
            }
        ) { server in
            let instrument = try Sample.instrument("BTCUSDT")
            try await server.listening("/feed") { _, heard in
                func state() -> String? { heard.all("status").last?["venues"]?[0]?["state"]?.text }
                try await eventually("a first status") { state() == "starting" }
                #expect(heard.all("status").last?["simulated"]?.isTrue == true)
                server.board.take(try Sample.update(price: "10", tradeID: 1), of: instrument)
                try await eventually("the venue is live") { state() == "live" }
                clock.advance(millis: 5_100)
                try await eventually("the venue is silent") { state() == "silent" }
                server.board.feedInterrupted()
                try await eventually("the feed is cut") {
                    heard.all("status").last?["feed"]?.text == "interrupted"
                }
            }
        }
    }

    @Test func priceStreamNeedsNoQuestion() async throws {
        try await APITestServer.with { server in
            let bitcoin = try Sample.instrument("BTCUSDT")
            let day = try Sample.candle("BTCUSDT", .oneDay, 1_699_920_000, isClosed: false)
            server.board.take(try Sample.update(price: "67000.01", tradeID: 1, candles: [day]), of: bitcoin)
            try await server.listening("/ws/price") { _, heard in
                try await eventually("the snapshot") { heard.all.count == 1 }
                #expect(heard.all[0]["symbol"]?.text == "BTCUSDT" && heard.all[0]["price"]?.text == "67000.01")
                #expect(heard.all[0]["open"]?.text == day.open.description)
                #expect(heard.all[0]["volume"]?.text == day.volume.description)
                // An instrument that comes up later is told of too.
                server.board.take(
                    try Sample.update("SOLUSDT", price: "160.5", tradeID: 1), of: try Sample.instrument("SOLUSDT"))
                try await eventually("the new instrument") { heard.all.last?["symbol"]?.text == "SOLUSDT" }
                // Many changes within the pause are one message.
                let before = heard.all.count
                for id in 2...500 {
                    server.board.take(try Sample.update(price: "67000.\(id)", tradeID: Int64(id)), of: bitcoin)
                }
                try await eventually("the last change") { heard.all.last?["price"]?.text == "67000.5" }
                #expect(heard.all.count - before <= 3)
            }
        }
    }

    @Test func clientsBeyondTheLimitAreSentAway() async throws {
        try await APITestServer.with(configure: { $0.maxWebSocketClients = 1 }) { server in
            try await server.listening("/feed") { session, heard in
                try await eventually("the session") { !heard.all.isEmpty }
                await #expect(throws: (any Error).self) { try await server.webSocket("/feed") }
                let health = try await server.get("/health").json()
                #expect(health["active_websocket_connections"] == .number("1"))
            }
            try await eventually("room again") {
                try await server.get("/health").json()["active_websocket_connections"] == .number("0")
            }
            let next = try await server.webSocket("/feed")
            await next.close()
        }
    }

    @Test func whoAsksAndNeverReadsIsPutOffAndOthersAreNot() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            // This one subscribes and then never takes a message: its socket fills up.
            let silent = try await server.webSocket("/feed")
            try await silent.send(text: #"{"op":"subscribe","symbols":["BTCUSDT"],"intervals":["10s"]}"#)
            try await server.listening("/feed") { session, heard in
                try await session.send(text: #"{"op":"subscribe","symbols":["BTCUSDT"],"intervals":["10s"]}"#)
                try await eventually("the snapshot") { !heard.all("snapshot").isEmpty }
                // About 60 MB of frames if all of them were kept.
                let rounds = 150_000
                for id in 1...rounds {
                    server.board.take(
                        try Sample.update(
                            price: "\(id)", tradeID: Int64(id),
                            candles: [try Sample.candle(1_700_000_000, isClosed: false, tradeCount: Int64(id))]),
                        of: instrument)
                    if id.isMultiple(of: 5_000) { await Task.yield() }
                }
                try await eventually("the reader has the latest") {
                    heard.all("price").last?["price"]?.text == "\(rounds)"
                }
                try await eventually("and the latest candle") {
                    heard.all("candle").last?["candle"]?["trade_count"] == .number("\(rounds)")
                }
            }
            silent.abort()
        }
    }
}
