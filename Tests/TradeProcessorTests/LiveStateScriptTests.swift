import MarketCore
import MarketWire
import RedisClient
import TestServers
import Testing

@testable import TradeProcessor

@Suite(.enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct LiveStateScriptTests {
    /// A client of the shared server; every test has symbols of its own there.
    private func withRedis(_ body: (RedisClient) async throws -> Void) async throws {
        let client = RedisClient(try RedisConfiguration(url: try await RedisServer.shared.get().url))
        do { try await body(client) } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private func candle(
        _ symbol: String, _ interval: Interval = .base, window: Int64 = 1_700_000_000, close: String = "2",
        revision: Int64 = 0, isClosed: Bool = false, lineage: Int64? = nil, missing: Int64? = 0
    ) throws -> CandleRecord {
        CandleRecord(
            symbol: symbol, interval: interval, windowStart: window, open: try price("1.5"), high: try price("3"),
            low: try price("0.00000001"), close: try price(close), volume: try #require(Quantity("12.5")),
            quoteVolume: try #require(QuoteAmount("25.0000000000000001")), tradeCount: 7,
            takerBuyVolume: try #require(Quantity("1")), takerBuyQuoteVolume: try #require(QuoteAmount("2")),
            firstTradeID: 1, lastTradeID: 9_223_372_036_854_775_807, missingTrades: missing, revision: revision,
            isClosed: isClosed, lineage: lineage)
    }

    private func price(_ text: String) throws -> Price { try #require(Price(text)) }

    private func update(
        _ symbol: String, _ text: String, trade: Int64, candles: [CandleRecord] = []
    ) throws -> LiveUpdateRecord {
        LiveUpdateRecord(
            symbol: symbol, price: try price(text), tradeID: trade, eventTimeMicros: 1_700_000_000_000_000,
            candles: candles)
    }

    private func version(_ lineage: Int64, _ generation: Int64, _ offset: Int64) -> LiveVersion {
        LiveVersion(lineage: lineage, generation: generation, offset: offset)
    }

    private func storedCandle(_ key: String, _ client: RedisClient) async throws -> CandleRecord? {
        let fields = try await client.send(["HGETALL", key]).requireFields()
        return fields.isEmpty ? nil : try CandleRecord(hashFields: fields)
    }

    @Test func priceAndOpenCandlesAreWrittenAndPublished() async throws {
        try await withRedis { client in
            let candles = [
                try candle("OPEN", .oneMinute, window: 1_699_999_980, missing: nil), try candle("OPEN"),
                try candle("OPEN", .oneDay, window: 1_699_920_000),
            ]
            let record = try update("OPEN", "67000.01", trade: 9_007_199_254_740_993, candles: candles)
            var events = client.subscribe([LiveStateScript.liveChannel], buffer: .dropOldest(limit: 1_000))
                .makeAsyncIterator()
            #expect(await events.next() == .subscribed)
            #expect(try await client.evaluate(LiveStateScript.open(record, version: version(0, 1, 5))) == .integer(1))

            #expect(try await client.send(["GET", "OPEN:price"]).text == "67000.01")
            let meta = try await client.send(["HGETALL", "OPEN:price:meta"]).requireFields()
            #expect(meta["trade_id"] == Array("9007199254740993".utf8))
            #expect(meta["event_time_us"] == Array("1700000000000000".utf8))
            #expect(try await storedCandle("OPEN:current_candle", client) == candles[1])
            #expect(try await storedCandle("OPEN:current_candle:10s", client) == candles[1])
            #expect(try await storedCandle("OPEN:current_candle:1m", client) == candles[0])
            #expect(try await storedCandle("OPEN:current_candle:1d", client) == candles[2])
            #expect(try await storedCandle("OPEN:current_candle:5m", client) == nil)
            var message = await events.next()
            while case .message(_, let payload) = message, try LiveUpdateRecord(decoding: payload).symbol != "OPEN" {
                message = await events.next()
            }
            #expect(message == .message(channel: "live", payload: record.encoded()))
        }
    }

    @Test func anOlderPriceIsNotWritten() async throws {
        try await withRedis { client in
            // Lineage, generation, trade id, price; true where it must be written.
            let steps: [(Int64, Int64, Int64, String, Bool)] = [
                (1, 1, 9_007_199_254_740_993, "1", true),
                // As doubles these two ids are the same number.
                (1, 1, 9_007_199_254_740_992, "2", false), (1, 1, 9_007_199_254_740_993, "3", false),
                (1, 1, 9_007_199_254_740_994, "4", true),
                // Shorter texts that would sort later.
                (1, 1, 99, "5", false), (1, 2, 99, "6", true), (1, 2, 100, "7", true), (1, 1, .max, "8", false),
                (2, 0, 0, "9", true), (1, 9, .max, "10", false), (10, 0, 0, "11", true), (9, 0, 0, "12", false),
            ]
            var expected = ""
            for (lineage, generation, trade, text, isNewer) in steps {
                let call = LiveStateScript.open(
                    try update("OLDER", text, trade: trade), version: version(lineage, generation, 0))
                #expect(try await client.evaluate(call) == .integer(isNewer ? 1 : 0), "price \(text)")
                if isNewer { expected = text }
                #expect(try await client.send(["GET", "OLDER:price"]).text == expected)
            }
        }
    }

    @Test func anOlderOpenCandleIsNotWrittenButANewPriceIs() async throws {
        try await withRedis { (client) async throws in
            func write(_ trade: Int64, window: Int64, close: String, _ at: LiveVersion) async throws -> RedisReply {
                let record = try update(
                    "CANDLE", close, trade: trade, candles: [try candle("CANDLE", window: window, close: close)])
                return try await client.evaluate(LiveStateScript.open(record, version: at))
            }
            func close() async throws -> String? {
                try await storedCandle("CANDLE:current_candle", client)?.close.description
            }
            #expect(try await write(10, window: 1_000, close: "1", version(1, 1, 100)) == .integer(1))
            #expect(try await write(10, window: 1_000, close: "2", version(1, 1, 99)) == .integer(0))
            #expect(try await write(9, window: 1_000, close: "3", version(1, 1, 101)) == .integer(1))
            #expect(try await close() == "3")
            #expect(try await client.send(["GET", "CANDLE:price"]).text == "1", "the older trade is no price")
            #expect(try await write(11, window: 990, close: "4", version(1, 1, 102)) == .integer(1))
            #expect(try await close() == "3", "an earlier window never replaces a later one")
            #expect(try await client.send(["GET", "CANDLE:price"]).text == "4")
            #expect(try await write(12, window: 1_010, close: "5", version(1, 1, 7)) == .integer(1))
            #expect(try await close() == "5")
            #expect(try await write(1, window: 10, close: "6", version(2, 1, 0)) == .integer(1))
            #expect(try await close() == "6", "another log begins anew")
        }
    }

    @Test func anUpdateWithoutOpenCandlesSetsThePriceAndLeavesThem() async throws {
        try await withRedis { client in
            let open = try candle("QUIET")
            let first = LiveStateScript.open(
                try update("QUIET", "1", trade: 1, candles: [open]), version: version(0, 1, 1))
            let second = LiveStateScript.open(try update("QUIET", "2", trade: 2), version: version(0, 1, 2))
            #expect(try await client.evaluate([first, second]) == [.integer(1), .integer(1)])
            #expect(try await client.send(["GET", "QUIET:price"]).text == "2")
            #expect(try await storedCandle("QUIET:current_candle", client) == open)
            #expect(try await storedCandle("QUIET:current_candle:10s", client) == open)
        }
    }

    @Test func aLostPriceIsWrittenAgainByTheSameUpdate() async throws {
        try await withRedis { client in
            let call = LiveStateScript.open(try update("LOST", "1", trade: 1), version: version(0, 1, 1))
            let first = try await client.evaluate(call)
            #expect(first == .integer(1))
            _ = try await client.send(["DEL", "LOST:price"])
            #expect(try await client.evaluate(call) == .integer(1))
            #expect(try await client.evaluate(call) == .integer(0))
            #expect(try await client.send(["GET", "LOST:price"]).text == "1")
        }
    }

    @Test func closedCandlesAreWrittenOnlyWhenNewerAndPublishedOnce() async throws {
        try await withRedis { client in
            var events = client.subscribe([LiveStateScript.candleChannel], buffer: .dropOldest(limit: 1_000))
                .makeAsyncIterator()
            #expect(await events.next() == .subscribed)
            // Lineage, window, revision; whether it is published, and which close stands in last_candle after it.
            let steps: [(Int64, Int64, Int64, Bool, String)] = [
                (1, 1_000, 1, true, "1"), (1, 1_000, 1, false, "1"), (1, 1_000, 3, true, "3"),
                (1, 1_000, 2, false, "3"), (1, 1_010, 1, true, "5"),
                // The amendment of an older window is news, though not the last candle.
                (1, 1_000, 4, true, "5"), (0, 1_010, 9, false, "5"), (2, 1_000, 1, true, "8"),
            ]
            var published: [CandleRecord] = []
            for (index, (lineage, window, revision, isPublished, last)) in steps.enumerated() {
                var record = try candle(
                    "CLOSED", window: window, close: String(index + 1), revision: revision, isClosed: true,
                    lineage: lineage)
                let reply = try await client.evaluate(LiveStateScript.closed(record))
                #expect(reply == .integer(isPublished ? 1 : 0), "step \(index)")
                #expect(try await storedCandle("CLOSED:last_candle", client)?.close == price(last), "step \(index)")
                record.lineage = nil
                if isPublished { published.append(record) }
            }
            while let expected = published.first {
                guard case .message(_, let payload) = await events.next() else { break }
                let record = try CandleRecord(decoding: payload)
                guard record.symbol == "CLOSED" else { continue }
                #expect(record == expected)
                published.removeFirst()
            }
            #expect(published.isEmpty)
        }
    }

    @Test func aLongerIntervalIsPublishedAndNotTheLastCandle() async throws {
        try await withRedis { client in
            let record = try candle("LONGER", .oneHour, window: 3_600, revision: 1, isClosed: true, lineage: 1)
            let reply = try await client.evaluate(LiveStateScript.closed(record))
            #expect(reply == .integer(1))
            #expect(try await storedCandle("LONGER:last_candle", client) == nil)
        }
    }

    @Test func theSentinelNeverFallsAndSaysWhatStoodThere() async throws {
        try await withRedis { client in
            func set(_ lineage: Int64, _ sequence: Int64) async throws -> RedisReply {
                try await client.evaluate(
                    LiveStateScript.sentinel(
                        topic: "sentinel-test", partition: 3, lineage: lineage, commitSequence: sequence))
            }
            #expect(try await set(0, 9) == .null)
            #expect(try await set(0, 10).text == "0:9")
            #expect(try await set(0, 9).text == "0:10")
            #expect(try await set(0, 10).text == "0:10")
            #expect(try await set(1, 0).text == "0:10")
            #expect(try await set(0, .max).text == "1:0")
            #expect(try await set(1, 9_007_199_254_740_993).text == "1:0")
            #expect(try await set(1, 9_007_199_254_740_992).text == "1:9007199254740993")
            let key: RedisCommand = ["GET", "market:sentinel:sentinel-test:3"]
            #expect(try await client.send(key).text == "1:9007199254740993")
            _ = try await client.send(["SET", "market:sentinel:sentinel-test:3", "odd"])
            #expect(try await set(1, 1).text == "odd")
            #expect(try await client.send(key).text == "1:1")
        }
    }

    /// The same updates in any order leave the same state.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func anyOrderOfWritesEndsInTheSameState(_ seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let symbol = "SHUFFLE\(seed)"
        var calls: [RedisScriptCall] = []
        for trade in 1...200 as ClosedRange<Int64> {
            let window = 1_000 + trade / 20 * 10
            let record = try update(
                symbol, "\(trade)", trade: trade, candles: [try candle(symbol, window: window, close: "\(trade)")])
            calls.append(LiveStateScript.open(record, version: version(0, 1, trade)))
            let closed = try candle(
                symbol, window: window, close: "\(trade)", revision: trade % 20, isClosed: true, lineage: 0)
            calls.append(LiveStateScript.closed(closed))
        }
        calls.shuffle(using: &random)
        try await withRedis { client in
            let replies = try await client.evaluate(calls)
            for reply in replies { #expect(reply.integerValue != nil, "\(reply), seed \(seed)") }
            #expect(try await client.send(["GET", "\(symbol):price"]).text == "200", "seed \(seed)")
            let open = try await storedCandle("\(symbol):current_candle", client)
            #expect(open?.windowStart == 1_100 && open?.close.description == "200", "seed \(seed)")
            let last = try await storedCandle("\(symbol):last_candle", client)
            #expect(last?.windowStart == 1_100 && last?.revision == 0, "seed \(seed)")
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
