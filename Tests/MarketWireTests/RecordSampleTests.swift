import Foundation
import MarketCore
import MarketWire
import Testing

/// The files of schemas/kafka/samples and schemas/redis/samples, which Tests/ContractTests hold to the schemas, are what the code writes.
@Suite struct RecordSampleTests {
    static let schemas = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "schemas")

    private func sample(_ name: String, of store: String = "kafka") throws -> String {
        let path = Self.schemas.appending(path: "\(store)/samples/\(name)")
        let text = try String(contentsOf: path, encoding: .utf8)
        #expect(text.hasSuffix("\n"))
        return String(text.dropLast())
    }

    private func check(_ record: some WireRecord, _ name: String) throws {
        try check(record, name, try sample(name))
    }

    private func check<Record: WireRecord>(_ record: Record, _ name: String, _ text: String) throws {
        #expect(String(decoding: record.encoded(), as: UTF8.self) == text)
        #expect(try Record(decoding: Array(text.utf8)) == record)
        // The same with spaces, other fields, and one field gone.
        let spaced = text.replacing(",\"", with: " ,\n\t\"").replacing("{\"", with: "{ \"new\":[{}], \"")
        #expect(try Record(decoding: Array(spaced.utf8)) == record)
        for end in text.indices {
            #expect(throws: WireError.self) { try Record(decoding: Array(text[..<end].utf8)) }
        }
        #expect(throws: WireError.self) { try Record(decoding: Array("{}".utf8)) }
        #expect(throws: WireError.self) { try Record(decoding: Array("[]".utf8)) }
        #expect(throws: WireError.self) { try Record(decoding: Array((text + "x").utf8)) }
    }

    static func candle(_ symbol: String, _ interval: Interval, missing: Int64?) throws -> CandleRecord {
        CandleRecord(
            symbol: symbol, interval: interval, windowStart: interval == .oneDay ? 1_699_920_000 : 1_700_000_000,
            open: try #require(Price("67000.01")), high: try #require(Price("67001")),
            low: try #require(Price("66999.5")),
            close: try #require(Price("67000.7")), volume: try #require(Quantity("1.23456789")),
            quoteVolume: try #require(QuoteAmount("82717.1234567890123456")), tradeCount: 17,
            takerBuyVolume: try #require(Quantity("0.5")), takerBuyQuoteVolume: try #require(QuoteAmount("33500.005")),
            firstTradeID: 123_456, lastTradeID: 123_475, missingTrades: missing, revision: 0, isClosed: false)
    }

    @Test func trades() throws {
        let kraken = try Instrument(key: "kraken:BTC/USD")
        let aggregate = Trade(
            instrument: kraken, tradeID: 987_654_321, price: Price(raw: 1), quantity: Quantity(raw: 1 << 64),
            takerSide: .sell, eventTimeMicros: 1_700_000_000_123_456, receivedTimeMicros: 1_700_000_000_130_000,
            tradeCount: 3, aggregateID: 42)
        let binance = try Instrument(key: "BTCUSDT")
        #expect(try sample("trade.json") == TradeSamples.contract)
        #expect(try Array(sample("trade.aggregate.json").utf8) == TradeSamples.encoded(aggregate))
        #expect(try TradeRecord.decode(Array(sample("trade.aggregate.json").utf8)) == .trade(aggregate))
        var bytes: [UInt8] = []
        let gap = UnavailableTrades(instrument: binance, tradeIDs: 100...199, reason: "HTTP 400: \"Invalid fromId\"")
        TradeRecord.encode(gap, into: &bytes)
        #expect(try Array(sample("trade.unavailable.json").utf8) == bytes)
        bytes = []
        TradeRecord.encodeReopen(binance, 100...199, into: &bytes)
        #expect(try Array(sample("trade.reopen.json").utf8) == bytes)
        bytes = []
        TradeRecord.encodeNewGeneration(try Instrument(key: "coinbase:BTC-USD"), into: &bytes)
        #expect(try Array(sample("trade.new_generation.json").utf8) == bytes)
    }

    @Test func candles() throws {
        var candle = try Self.candle("BTCUSDT", .tenSeconds, missing: 3)
        candle.revision = 2
        candle.isClosed = true
        candle.lineage = 1
        try check(candle, "candle.json")
        #expect(
            CandleRecord.key(symbol: "BTCUSDT", interval: .tenSeconds, windowStart: 1_700_000_000)
                == "BTCUSDT|10s|1700000000")
        #expect(
            CandleRecord.partition(symbol: "BTCUSDT", partitions: 12)
                == Murmur2.partition(key: "BTCUSDT", partitions: 12))
    }

    @Test func liveUpdates() throws {
        try check(
            LiveUpdateRecord(
                symbol: "kraken:BTC/USD", price: try #require(Price("67000.7")), tradeID: 123_475,
                eventTimeMicros: 1_700_000_009_123_000,
                candles: [
                    try Self.candle("kraken:BTC/USD", .tenSeconds, missing: 0),
                    try Self.candle("kraken:BTC/USD", .oneDay, missing: nil),
                ]), "live.json")
        let mixed = try sample("live.json").replacing("\"1d\":", with: "\"4h\":")
        #expect(throws: WireError.self) { try LiveUpdateRecord(decoding: Array(mixed.utf8)) }
    }

    @Test func progress() throws {
        try check(
            ProgressRecord(
                symbol: "BTCUSDT", generation: 0, highestTradeID: 123_475,
                highestEventTimeMicros: 1_700_000_009_123_000,
                holes: [123_460...123_462, 123_470...123_470], topic: "trades", partition: 7,
                nextOffset: 5_000_000_000),
            "progress.json")
    }

    @Test func heartbeats() throws {
        try check(
            HeartbeatRecord(
                producerID: "market-producer-1", startedTimeMicros: 1_700_000_000_000_000,
                sentTimeMicros: 1_700_000_010_000_000,
                connections: [
                    .init(
                        venue: "binance", name: "spot-0", state: .connected, instruments: ["BTCUSDT", "ETHUSDT"],
                        connectedSinceMicros: 1_700_000_001_000_000, lastMessageTimeMicros: 1_700_000_009_990_000,
                        lastTradeTimeMicros: 1_700_000_009_980_000, messagesPerSecond: 120.5, tradesPerSecond: 118,
                        reconnectCount: 0, lastError: nil,
                        eventLag: LatencyFigures(
                            count: 120, p50Micros: 8_000, p95Micros: 21_000, p99Micros: 43_000, maxMicros: 90_000)),
                    .init(
                        venue: "kraken", name: "spot-0", state: .disconnected, instruments: ["kraken:BTC/USD"],
                        connectedSinceMicros: nil, lastMessageTimeMicros: nil, lastTradeTimeMicros: nil,
                        messagesPerSecond: 0, tradesPerSecond: 0, reconnectCount: 4, lastError: "connection refused"),
                ], version: "0.1.0", waitingTrades: 3), "heartbeat.json")
    }

    @Test func heartbeatsOfOlderProducers() throws {
        let text = """
            {"producer_id":"old","started_time_us":1,"sent_time_us":2,"connections":[{"venue":"binance","name":"spot-0",\
            "state":"connected","instruments":[],"messages_per_second":1,"trades_per_second":1,"reconnect_count":0}]}
            """
        let record = try HeartbeatRecord(decoding: Array(text.utf8))
        #expect(record.version == nil && record.waitingTrades == nil)
        #expect(record.connections.first?.eventLag == nil && record.connections.count == 1)
    }

    @Test func processors() throws {
        var counts = ProcessorStatusRecord.Counts()
        counts.tradesAccepted = 1_000
        counts.tradesDuplicate = 2
        counts.tradesLate = 3
        counts.tradesBeyondRetention = 4
        counts.candlesStored = 50
        counts.candlesAmended = 6
        counts.quarantined = 7
        counts.idsFoundMissing = 8
        counts.idsFilled = 5
        counts.commits = 90
        let record = ProcessorStatusRecord(
            processorID: "host-1/42", version: "0.1.0", state: .running, startedTimeMicros: 1_700_000_000_000_000,
            sentTimeMicros: 1_700_000_010_000_000, topic: "trades", counts: counts,
            commit: LatencyFigures(
                count: 60, p50Micros: 4_000, p95Micros: 9_000, p99Micros: 12_000, maxMicros: 15_000),
            eventToStore: nil,
            partitions: [
                .init(
                    partition: 0, state: .running, nextOffset: 5_000_000_000, watermarkMicros: 1_700_000_009_000_000,
                    instruments: 2, waiting: 12),
                .init(partition: 1, state: .halted, reason: "the log was cut"),
            ])
        try check(record, "processor.json", try sample("processor.json", of: "redis"))
    }

    @Test func instruments() throws {
        try check(
            InstrumentRecord(
                symbol: "BTCUSDT", base: "BTC", quote: "USDT", tickSize: try #require(Price("0.01")),
                lotStep: try #require(Quantity("0.00001")), status: .trading), "instrument.json")
        let other = try sample("instrument.json").replacing("trading", with: "BREAK")
        #expect(try InstrumentRecord(decoding: Array(other.utf8)).status == .unknown)
    }

    @Test func subscriptions() throws {
        try check(
            SubscriptionRecord(
                symbol: "BTCUSDT", isFollowed: true, updatedTimeMicros: 1_700_000_000_000_000, interval: "1m"),
            "subscription.json")
        let plain = SubscriptionRecord(symbol: "ETHUSDT", isFollowed: false, updatedTimeMicros: 1)
        #expect(try SubscriptionRecord(decoding: plain.encoded()) == plain)
    }

    @Test func sources() throws {
        try check(SourceRecord(source: "simulator:seed=1,rate=25"), "source.json")
    }

    @Test func quarantine() throws {
        let record = QuarantineRecord(
            reason: "key_mismatch", detail: "the record's key is not \u{1}", sourceTopic: "trades", partition: 7,
            offset: 42, key: Array("BTC".utf8), value: nil)
        try check(record, "quarantine.json")
        for count in 0..<20 {
            var raw = record
            raw.value = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 250) }
            let text = String(decoding: raw.encoded(), as: UTF8.self)
            #expect(text.contains("\"value_base64\":\"\(Data(raw.value ?? []).base64EncodedString())\""))
            #expect(try QuarantineRecord(decoding: raw.encoded()) == raw)
        }
        for damaged in ["QlR", "QlRD=", "Q===", "QlRE\\n", "QlS=", "Ql==QlRD", "=QlR", "Qk=D"] {
            let text = try sample("quarantine.json").replacing("QlRD", with: damaged)
            #expect(throws: WireError.self) { try QuarantineRecord(decoding: Array(text.utf8)) }
        }
    }

    @Test func candlesAsRedisHashes() throws {
        for missing in [nil, 0, 5] as [Int64?] {
            for isClosed in [true, false] {
                var candle = try Self.candle("kraken:BTC/USD", .fourHours, missing: missing)
                candle.isClosed = isClosed
                var fields: [String: [UInt8]] = ["lineage": Array("3".utf8)]
                for (index, name) in CandleRecord.fieldNames.enumerated() {
                    var text: [UInt8] = []
                    candle.appendFieldText(at: index, to: &text)
                    fields["\(name)"] = text
                }
                #expect(try CandleRecord(hashFields: fields) == candle)
                for name in CandleRecord.fieldNames {
                    var damaged = fields
                    damaged["\(name)"] = nil
                    #expect(throws: WireError.self) { try CandleRecord(hashFields: damaged) }
                }
            }
        }
    }
}
