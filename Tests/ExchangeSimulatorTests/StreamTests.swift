import MarketCore
import MarketWire
import NIOCore
import TestServers
import Testing
import WebSockets

@testable import ExchangeSimulator

/// Binance's streams, from the running service.
@Suite(.timeLimit(.minutes(3))) struct StreamTests {
    private static let start: Int64 = 1_700_000_000_000_000
    private static let market = ["SYMBOLS": "BTCUSDT,ETHUSDT", "SIMULATOR_RATE": "200", "SIMULATOR_SEED": "7"]

    @Test func aStreamNamedByItsPath() async throws {
        let clock = ManualClock(Self.start)
        try await SimulatorServer.with(Self.market, time: clock.source) { server in
            try await server.listening("/ws/btcusdt@trade/ethusdt@aggTrade") { _, heard in
                clock.advance(.seconds(2))
                try await heard.wait("trades of both") {
                    $0.events("trade").count > 100 && $0.events("aggTrade").count > 60
                }
                let trades = heard.events("trade")
                #expect(trades.allSatisfy { $0["s"]?.text == "BTCUSDT" })
                // Raw: nothing is around a payload, and its fields are Binance's, in its order.
                let first = try #require(heard.all.first { $0["e"]?.text == "trade" }?.members)
                #expect(first.map(\.name) == ["e", "E", "s", "t", "p", "q", "T", "m", "M"])
                let aggregate = try #require(heard.events("aggTrade").first?.members)
                #expect(aggregate.map(\.name) == ["e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"])
                let ids = trades.integers("t")
                #expect(ids == Array(ids[0]..<(ids[0] + Int64(ids.count))), "no id is missing or doubled")
            }
        }
    }

    @Test func combinedStreamsWrapEachMessage() async throws {
        let clock = ManualClock(Self.start)
        try await SimulatorServer.with(Self.market, time: clock.source) { server in
            try await server.listening("/stream?streams=btcusdt@trade/ethusdt@trade") { _, heard in
                clock.advance(.seconds(1))
                try await heard.wait("trades of both") { heard in
                    Set(heard.events("trade").compactMap { $0["s"]?.text }) == ["BTCUSDT", "ETHUSDT"]
                }
                for message in heard.all {
                    #expect(message.members?.map(\.name) == ["stream", "data"])
                    let symbol = try #require(message["data"]?["s"]?.text)
                    #expect(message["stream"]?.text == symbol.lowercased() + "@trade")
                }
            }
        }
    }

    @Test func subscribingAndUnsubscribing() async throws {
        let clock = ManualClock(Self.start)
        try await SimulatorServer.with(Self.market, time: clock.source) { server in
            try await server.listening("/ws") { session, heard in
                func ask(_ text: String) async throws -> JSONValue {
                    // No more than five requests a second, by the server's clock.
                    clock.advance(.seconds(1))
                    let before = heard.replies.count
                    try await session.send(text: text)
                    try await heard.wait("an answer to \(text)") { $0.replies.count > before }
                    return heard.replies[before]
                }
                let granted = try await ask(#"{"method":"SUBSCRIBE","params":["btcusdt@trade","nosuch@x"],"id":1}"#)
                #expect(granted == (try JSONValue(parsing: Array(#"{"result":null,"id":1}"#.utf8))))
                let list = try await ask(#"{"method":"LIST_SUBSCRIPTIONS","id":"two"}"#)
                #expect(list["result"]?.elements?.compactMap(\.text) == ["btcusdt@trade", "nosuch@x"])
                #expect(list["id"]?.text == "two")
                try await heard.wait("trades") { !$0.events("trade").isEmpty }

                _ = try await ask(#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":3}"#)
                let left = try await ask(#"{"method":"LIST_SUBSCRIPTIONS","id":4}"#)
                #expect(left["result"]?.elements?.compactMap(\.text) == ["nosuch@x"])
                let count = heard.events("trade").count
                clock.advance(.seconds(5))
                _ = try await ask(#"{"method":"SUBSCRIBE","params":["ethusdt@trade"],"id":5}"#)
                clock.advance(.seconds(1))
                try await heard.wait("trades of the other") { heard in
                    heard.events("trade").contains { $0["s"]?.text == "ETHUSDT" }
                }
                #expect(heard.events("trade").filter { $0["s"]?.text == "BTCUSDT" }.count == count)

                #expect(
                    try await ask(#"{"method":"GET_PROPERTY","params":["combined"],"id":6}"#)["result"]?.isTrue == false
                )
                _ = try await ask(#"{"method":"SET_PROPERTY","params":["combined",true],"id":7}"#)
                clock.advance(.seconds(1))
                try await heard.wait("wrapped messages") { $0.all.contains { $0["stream"] != nil } }
                let refused = try await ask(#"{"method":"SUBSCRIBE","params":"x","id":8}"#)
                #expect(refused["error"]?["code"]?.integer == 2 && refused["id"]?.integer == 8)
            }
        }
    }

    @Test func aClientThatAsksTooOftenOrTooMuchIsClosed() async throws {
        let clock = ManualClock(Self.start)
        try await SimulatorServer.with(Self.market, time: clock.source) { server in
            try await server.listening("/ws", settles: false) { session, heard in
                for id in 1...6 { try await session.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":\#(id)}"#) }
                try await heard.wait("five answers") { $0.replies.count == 5 }
                await session.waitUntilClosed()
                #expect(session.closure?.code == .policyViolation)
                #expect(session.closure?.reason == "Too many requests")
            }
            try await server.listening("/ws") { session, heard in
                let names = (0...1_024).map { "\"a\($0)@trade\"" }.joined(separator: ",")
                try await session.send(text: #"{"method":"SUBSCRIBE","params":[\#(names)],"id":1}"#)
                try await heard.wait("a refusal") { $0.replies.first?["error"]?["code"]?.integer == 2 }
            }
        }
    }

    /// `E` is when a message is sent, and that may be in a later window than the trade.
    @Test func messagesAreSentLaterThanTheTradeAlsoAcrossWindows() async throws {
        let clock = ManualClock(Self.start)
        let market = Self.market.merging(["SIMULATOR_DELAY": "500ms"]) { $1 }
        try await SimulatorServer.with(market, time: clock.source) { server in
            try await server.listening("/ws/btcusdt@trade") { _, heard in
                // In steps, as a clock goes; through the edge of a ten second window.
                for step in 1...60 {
                    clock.advance(.milliseconds(200))
                    // A trade is older than the delay when it is sent.
                    try await heard.wait("step \(step)") { heard in
                        step < 5 || (heard.events("trade").integers("T").last ?? 0) >= clock.now / 1_000 - 1_000
                    }
                }
                let trades = heard.events("trade")
                let delays = zip(trades.integers("E"), trades.integers("T")).map { $0 - $1 }
                #expect(delays.allSatisfy { $0 >= 500 }, "never before the delay: \(delays.min() ?? 0)")
                let acrossAnEdge = zip(trades.integers("E"), trades.integers("T")).contains {
                    $0 / 10_000 == $1 / 10_000 + 1
                }
                #expect(acrossAnEdge)
                let times = trades.integers("T")
                #expect(times == times.sorted(), "times never fall as ids rise")
            }
        }
    }

    @Test func microsecondsOnRequest() async throws {
        let clock = ManualClock(Self.start)
        try await SimulatorServer.with(Self.market, time: clock.source) { server in
            try await server.listening("/ws/btcusdt@trade?timeUnit=MICROSECOND") { _, heard in
                clock.advance(.seconds(1))
                try await heard.wait("trades") { !$0.events("trade").isEmpty }
                #expect(heard.events("trade").integers("T").allSatisfy { $0 > Self.start })
            }
        }
    }

    /// Every 20 s, as Binance does; with the machine's clock.
    @Test func theServerPings() async throws {
        try await SimulatorServer.with(["SIMULATOR_RATE": "1"]) { server in
            let connection = try await RawStream.open(port: server.port, path: "/ws")
            try await waitUntil("a ping", withinMillis: 60_000) { connection.opcodes.contains(9) }
            await connection.close()
        }
    }
}
