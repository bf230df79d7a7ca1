import Exchanges
import MarketCore
import MarketWire
import NIOCore
import Synchronization
import Testing
import WebSockets

@testable import MarketAPI

/// Binance's streams over a real socket.
@Suite struct StreamTests {
    /// Asks something and waits for the answer.
    private func ask(_ session: WebSocketSession, _ heard: Heard, _ id: Int64, _ request: String) async throws
        -> JSONValue
    {
        try await session.send(text: request)
        var answer: JSONValue?
        try await eventually("the answer to \(request)") {
            answer = heard.all.first { $0["id"]?.integer == id }
            return answer != nil
        }
        return try #require(answer)
    }

    private func update(_ window: Int64, _ count: Int64, close: String, symbol: String = "BTCUSDT") throws
        -> LiveUpdateRecord
    {
        try Sample.update(
            symbol, price: close, tradeID: window + count, eventTimeMicros: (window + 1) * 1_000_000 + count,
            candles: [
                try Sample.candle(symbol, .oneMinute, window, isClosed: false, tradeCount: count, close: close)
            ])
    }

    private static let start: Int64 = 1_700_000_040

    @Test func klinesFormAndCloseOnceInOrder() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            server.board.take(try update(Self.start, 1, close: "100"), of: instrument)
            try await server.listening("/ws/btcusdt@kline_1m") { _, heard in
                try await eventually("the present state") { !heard.all.isEmpty }
                let first = heard.all[0]
                #expect(first["e"]?.text == "kline" && first["s"]?.text == "BTCUSDT")
                let kline = try #require(first["k"])
                #expect(kline["t"]?.integer == Self.start * 1_000 && kline["T"]?.integer == Self.start * 1_000 + 59_999)
                #expect(kline["i"]?.text == "1m" && kline["c"]?.text == "100.00000000" && kline["x"]?.isTrue == false)
                // The next window has begun; this one closes, is amended, and the next one closes.
                server.board.take(try update(Self.start + 60, 1, close: "101"), of: instrument)
                let closed = try Sample.candle("BTCUSDT", .oneMinute, Self.start, close: "100.5")
                server.board.takeClosed(closed, of: instrument)
                server.board.takeClosed(
                    try Sample.candle("BTCUSDT", .oneMinute, Self.start, revision: 2, close: "99"), of: instrument)
                // Two minutes of silence lie before the third.
                server.board.takeClosed(
                    try Sample.candle("BTCUSDT", .oneMinute, Self.start + 60, close: "102"), of: instrument)
                server.board.takeClosed(
                    try Sample.candle("BTCUSDT", .oneMinute, Self.start + 240, close: "103"), of: instrument)
                func closings() -> [JSONValue] { heard.all.filter { $0["k"]?["x"]?.isTrue == true } }
                try await eventually("all closings") { closings().count == 5 }
                #expect(closings().map { $0["k"]?["t"]?.integer } == (0...4).map { (Self.start + $0 * 60) * 1_000 })
                #expect(
                    closings().map { $0["k"]?["c"]?.text }
                        == ["100.5", "102", "102", "102", "103"].map {
                            Price($0)?.formatted(minimumFraction: 8)
                        })
                #expect(closings().map { $0["k"]?["n"]?.integer } == [3, 3, 0, 0, 3])
                #expect(closings()[0]["k"]?["v"]?.text == closed.volume.formatted(minimumFraction: 8))
                // Windows never go back.
                let windows = heard.all.compactMap { $0["k"]?["t"]?.integer }
                #expect(windows == windows.sorted())
            }
        }
    }

    @Test func longerWindowsBeginWithWhatHistoryHas() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            // The 3m window begins at 1 700 000 100.
            let stored = try [0, 60].map { try Sample.candle("BTCUSDT", .oneMinute, Self.start + $0, close: "100") }
            server.history.store(stored)
            server.board.take(try update(Self.start + 120, 2, close: "101"), of: instrument)
            try await server.listening("/stream?streams=btcusdt@kline_3m/nosuch@thing") { _, heard in
                try await eventually("the present state") { !heard.all.isEmpty }
                #expect(heard.all[0]["stream"]?.text == "btcusdt@kline_3m")
                let kline = try #require(heard.all[0]["data"]?["k"])
                #expect(kline["t"]?.integer == 1_700_000_100_000 && kline["n"]?.integer == 5)
                #expect(kline["o"]?.text == stored[1].open.formatted(minimumFraction: 8))
                for index in Int64(2)...3 {
                    server.board.takeClosed(
                        try Sample.candle("BTCUSDT", .oneMinute, Self.start + index * 60, close: "104"), of: instrument)
                }
                try await eventually("it closes") {
                    heard.all.last?["data"]?["k"]?["x"]?.isTrue == true
                }
                #expect(heard.all.last?["data"]?["k"]?["n"]?.integer == 9)
            }
        }
    }

    @Test func withoutHistoryNothingIsToldThatMayBeWrong() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            server.history.store([try Sample.candle("BTCUSDT", .oneMinute, Self.start + 60)])
            server.history.fail(with: HistoryError(isTransient: true, description: "away"))
            server.board.take(try update(Self.start + 120, 2, close: "101"), of: instrument)
            // What nobody follows is no stream, and what is stored itself needs no history.
            let path = "/stream?streams=nosuch@kline_3m/btcusdt@kline_3m/btcusdt@kline_1m"
            try await server.listening(path) { _, heard in
                try await eventually("the minute") { !heard.all.isEmpty }
                server.board.takeClosed(
                    try Sample.candle("BTCUSDT", .oneMinute, Self.start + 120, close: "104"), of: instrument)
                server.board.takeClosed(
                    try Sample.candle("BTCUSDT", .oneMinute, Self.start + 180, close: "105"), of: instrument)
                try await eventually("both minutes") {
                    heard.all.filter { $0["data"]?["k"]?["x"]?.isTrue == true }.count == 2
                }
                #expect(heard.all.allSatisfy { $0["stream"]?.text == "btcusdt@kline_1m" })
                server.history.fail(with: nil)
                try await eventually("three minutes") { heard.all.last?["stream"]?.text == "btcusdt@kline_3m" }
                let kline = try #require(heard.all.last?["data"]?["k"])
                #expect(kline["x"]?.isTrue == true && kline["n"]?.integer == 9)
            }
        }
    }

    @Test func tradesComeOneByOne() async throws {
        let trades = TradeTail()
        try await APITestServer.with(trades: trades) { server in
            try await server.listening("/stream?streams=btcusdt@trade/btcusdt@aggTrade") { session, heard in
                _ = try await ask(session, heard, 1, #"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)
                try await eventually("trades are followed") {
                    // Until the feeder follows the tail nothing comes.
                    trades.take(try Sample.trade(Int64(heard.all.count)), isNew: true)
                    return heard.all.count > 1
                }
                for id in Int64(100)..<1_100 {
                    trades.take(try Sample.trade(id), isNew: true)
                }
                trades.take(try Sample.trade(1_105, count: 3, aggregate: 77), isNew: true)
                func all(_ kind: String) -> [JSONValue] {
                    heard.all.filter { $0["stream"]?.text == "btcusdt@\(kind)" }.compactMap { $0["data"] }
                }
                try await eventually("the last one") { all("aggTrade").last?["a"]?.integer == 77 }
                let ids = all("trade").compactMap { $0["t"]?.integer }.filter { $0 >= 100 }
                #expect(ids == Array(100..<1_100) + [1_105])
                let single = try #require(all("aggTrade").first { $0["a"]?.integer == 500 })
                #expect(single["f"]?.integer == 500 && single["l"]?.integer == 500)
                let aggregate = try #require(all("aggTrade").last)
                #expect(aggregate["f"]?.integer == 1_103 && aggregate["l"]?.integer == 1_105)
                let trade = try #require(all("trade").first { $0["t"]?.integer == 101 })
                #expect(trade["m"]?.isTrue == true && trade["p"]?.text == "67001.01000000")
                #expect(trade["T"]?.integer == 1_700_000_000_000)
            }
        }
    }

    @Test func requestsAreAnsweredAsBinanceDoes() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            server.board.take(try update(Self.start, 1, close: "100"), of: instrument)
            // Any name connects.
            try await server.listening("/ws/0") { session, heard in
                let subscribe = #"{"method":"SUBSCRIBE","params":["btcusdt@kline_1m","nosuch@trade"],"id":1}"#
                #expect(try await ask(session, heard, 1, subscribe)["result"] == .null)
                let list = try await ask(session, heard, 2, #"{"method":"LIST_SUBSCRIPTIONS","id":2}"#)
                #expect(list["result"]?.elements?.map(\.text) == ["0", "btcusdt@kline_1m", "nosuch@trade"])
                try await eventually("the kline") { heard.all.contains { $0["e"]?.text == "kline" } }
                let combine = #"{"method":"SET_PROPERTY","params":["combined",true],"id":3}"#
                #expect(try await ask(session, heard, 3, combine)["result"] == .null)
                let property = #"{"method":"GET_PROPERTY","params":["combined"],"id":4}"#
                #expect(try await ask(session, heard, 4, property)["result"]?.isTrue == true)
                server.board.take(try update(Self.start, 2, close: "101"), of: instrument)
                try await eventually("it is wrapped now") {
                    heard.all.last?["stream"]?.text == "btcusdt@kline_1m"
                }
                let leave = #"{"method":"UNSUBSCRIBE","params":["btcusdt@kline_1m"],"id":5}"#
                #expect(try await ask(session, heard, 5, leave)["result"] == .null)
                let count = heard.all.count
                server.board.take(try update(Self.start, 3, close: "102"), of: instrument)
                try await session.send(text: #"{"method":"NOSUCH","id":6}"#)
                try await eventually("the refusal") { heard.all.last?["error"]?["code"]?.integer == 2 }
                #expect(heard.all.count == count + 1)
            }
        }
    }

    @Test func tickersTellTheDay() async throws {
        let recording = try ExchangeRecording()
        try await APITestServer.with { server in
            server.history.store(try recording.candles(.oneMinute))
            try recording.publish(on: server.board)
            try await server.listening("/stream?streams=btcusdt@ticker/btcusdt@miniTicker/!miniTicker@arr") {
                _, heard in
                func data(_ stream: String) -> JSONValue? {
                    heard.all.last { $0["stream"]?.text == stream }?["data"]
                }
                try await eventually("all of them") {
                    data("btcusdt@ticker") != nil && data("btcusdt@miniTicker") != nil && data("!miniTicker@arr") != nil
                }
                let ticker = try #require(data("btcusdt@ticker"))
                let rest = try await server.get("/api/v3/ticker/24hr?symbol=BTCUSDT").json()
                for (short, long) in [
                    ("p", "priceChange"), ("P", "priceChangePercent"), ("w", "weightedAvgPrice"), ("c", "lastPrice"),
                    ("o", "openPrice"), ("h", "highPrice"), ("l", "lowPrice"), ("v", "volume"), ("q", "quoteVolume"),
                    ("F", "firstId"), ("L", "lastId"), ("n", "count"), ("C", "closeTime"), ("O", "openTime"),
                ] {
                    #expect(ticker[short] != nil && ticker[short] == rest[long], "\(long)")
                }
                #expect(data("!miniTicker@arr")?[0] == data("btcusdt@miniTicker"))
            }
        }
    }

    @Test func whoDoesNotKeepUpIsSentAwayAndOthersAreNot() async throws {
        let trades = TradeTail()
        try await APITestServer.with(
            trades: trades, configure: { $0.streamLimits.mailbox.messages = 5_000 }
        ) { server in
            func clients() async throws -> Int64? {
                try await server.get("/health").json()["active_websocket_connections"]?.integer
            }
            // This one never takes a message: its socket fills up, then its mailbox.
            let silent = try await server.webSocket("/ws/btcusdt@trade")
            let reader = try await server.webSocket("/ws/btcusdt@trade")
            let heard = TradeIDs()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await heard.listen(to: reader) }
                var id: Int64 = 0
                try await eventually("trades are followed") {
                    id += 1
                    trades.take(try Sample.trade(id), isNew: true)
                    return heard.last > 0
                }
                try await eventually("the last of them") { heard.last == id }
                var isSentAway = false
                // Never more at a time than the reader can be behind; 400,000 trades are some 60 MB.
                while !isSentAway, id < 400_000 {
                    for _ in 0..<2_000 {
                        id += 1
                        trades.take(try Sample.trade(id), isNew: true)
                    }
                    try await eventually("the reader has them") { heard.last == id }
                    isSentAway = try await clients() == 1
                }
                #expect(isSentAway, "the silent one was kept")
                #expect(reader.closure == nil && heard.isWhole)
                silent.abort()
                await reader.close()
                try await tasks.waitForAll()
            }
        }
    }

    @Test func whoMissedSomethingIsToldByTheEnd() async throws {
        try await APITestServer.with { server in
            let instrument = try Sample.instrument("BTCUSDT")
            server.board.take(try update(Self.start, 1, close: "100"), of: instrument)
            for path in ["/ws/btcusdt@kline_1m", "/ws/btcusdt@ticker"] {
                let session = try await server.webSocket(path)
                let heard = Heard()
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { await heard.listen(to: session) }
                    try await eventually("the first message") { !heard.all.isEmpty }
                    server.board.feedInterrupted()
                    server.board.feedConnected()
                    if path.contains("kline") {
                        try await eventually("the end") { session.closure != nil }
                        #expect(session.closure?.code == .tryAgainLater)
                        #expect(session.closure?.reason.contains("interrupted") == true)
                    } else {
                        #expect(session.closure == nil)
                    }
                    await session.close()
                    try await tasks.waitForAll()
                }
            }
        }
    }

    @Test func tooMuchIsRefused() async throws {
        try await APITestServer.with(configure: { $0.streamLimits.streamsPerClient = 3 }) { server in
            let many = try await server.webSocket("/stream?streams=a@trade/b@trade/c@trade/d@trade")
            try await eventually("it is closed") { many.closure != nil }
            #expect(many.closure?.code == .policyViolation)
            try await server.listening("/ws") { session, heard in
                let more = #"{"method":"SUBSCRIBE","params":["a@trade","b@trade","c@trade","d@trade"],"id":1}"#
                #expect(try await ask(session, heard, 1, more)["error"]?["code"]?.integer == 2)
                for _ in 0..<30 { try? await session.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":2}"#) }
                try await eventually("it is closed") { session.closure != nil }
                #expect(session.closure?.reason == "Too many requests")
            }
            let plain = try await server.get("/stream?streams=a@trade")
            #expect(plain.status == 426)
            #expect(try await server.get("/ws/any").status == 426)
        }
    }

    @Test func namesAreKeptInOrderAndBounded() {
        var names = StreamNames(["a", "b"], limit: 4)
        #expect(names.add(["b", "c", "c"]) == ["c"])
        #expect(names.add(["d", "e"]) == nil && names.all == ["a", "b", "c"])
        names.remove(["b", "x"])
        #expect(names.all == ["a", "c"])
    }

    @Test func namesAreBinances() throws {
        let bitcoin = try Sample.instrument("BTCUSDT")
        #expect(MarketStream("btcusdt@trade") == .trade(bitcoin))
        #expect(MarketStream("kraken:btc/usd@aggTrade") == .aggregateTrade(try Sample.instrument("kraken:BTC/USD")))
        #expect(MarketStream("btcusdt@kline_1M") == .kline(bitcoin, BinanceCalendar(.oneMonth)))
        for name in [
            "btcusdt@kline_1d@+08:00", "btcusdt@kline_10s", "btcusdt@miniTicker", "btcusdt@ticker", "!miniTicker@arr",
            "kraken:btc/usd@kline_1w",
        ] {
            #expect(MarketStream(name)?.name == name)
        }
        for name in ["", "@trade", "BTCUSDT@trade", "btcusdt", "btcusdt@depth", "btcusdt@kline_7m", "btc usdt@trade"] {
            #expect(MarketStream(name) == nil, "\(name)")
        }
    }
}

/// The ids of a trade stream, read in the background.
private final class TradeIDs: Sendable {
    private let state = Mutex<(last: Int64, isWhole: Bool)>((0, true))

    var last: Int64 { state.withLock { $0.last } }

    /// Whether each was the one after the one before.
    var isWhole: Bool { state.withLock { $0.isWhole } }

    func listen(to session: WebSocketSession) async {
        for await message in session.messages {
            guard case .text(let text) = message,
                let id = (try? JSONValue(parsing: Array(buffer: text)))?["t"]?.integer
            else { continue }
            state.withLock { state in
                if state.last > 0, id != state.last + 1 { state.isWhole = false }
                state.last = id
            }
        }
    }
}
