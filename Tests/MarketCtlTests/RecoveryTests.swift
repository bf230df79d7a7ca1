import KafkaClient
import MarketCore
import MarketWire
import PostgresClient
import ServiceKit
import TestServers
import Testing

@testable import MarketCtl
@testable import TradeProcessor

/// What a person decides, against a real broker and a real database.
@Suite(
    .enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"),
    .enabled(if: KafkaBroker.availability.isAvailable, "\(KafkaBroker.availability)"))
struct RecoveryTests {
    private func trade(_ symbol: String, _ id: Int64) throws -> [UInt8] {
        var bytes: [UInt8] = []
        TradeRecord.encode(
            Trade(
                instrument: try Instrument(key: symbol), tradeID: id, price: try #require(Price("2")),
                quantity: try #require(Quantity("1")), takerSide: .buy, eventTimeMicros: 1_700_000_000_000_000,
                receivedTimeMicros: 1_700_000_000_000_001), into: &bytes)
        return bytes
    }

    private func text(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-" }

    @Test func quarantinedRecordsGoBackOnceUnderTheirInstrumentsKey() async throws {
        try await Installation.with { market in
            let usable = try trade("BTCUSDT", 7)
            _ = try await market.pool.query(
                "SELECT quarantine_records('log-1', $1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    .text(market.topic), .integers([0, 1, 1]), .bigints([5, 6, 7]),
                    .texts(["wrong_partition", "malformed", "id_restart"]), .texts(["d", "d", "d"]),
                    .texts(["BTCUSDT", nil, "ETHUSDT"]), .bytesArray([Array("BTCUSDT".utf8), [255], nil]),
                    .bytesArray([usable, [0xFF, 0x00], try trade("ETHUSDT", 9)]),
                ])
            #expect(await market.run("quarantine") == 0)
            #expect(await market.run("quarantine", "replay", "wrong_partition") == 0)
            var found = try await market.records()
            #expect(found.map { text($0.key) } == ["BTCUSDT"])
            #expect(found.first?.value == usable)
            #expect(found.first?.partition == Murmur2.partition(key: "BTCUSDT", partitions: 4))
            #expect(found.first?.headers == [KafkaHeader(WireSchema.headerName, WireSchema.version)])
            // What was sent is not sent again; what no program can read stays.
            #expect(await market.run("quarantine", "replay") == 64)
            #expect(await market.run("quarantine", "replay", "--all") == 0)
            found = try await market.records()
            #expect(found.map { text($0.key) }.sorted() == ["BTCUSDT", "ETHUSDT"])
            #expect(try await market.count("quarantine WHERE replayed_at IS NULL") == 1)
        }
    }

    @Test func decisionsAreRecordsOfTheInstrumentsPartition() async throws {
        try await Installation.with { market in
            #expect(await market.run("recover", "new-generation", "BTCUSDT") == 0)
            #expect(await market.run("recover", "reopen", "kraken:BTC/USD", "100-200") == 0)
            let found = try await market.records()
            for record in found {
                let value = try TradeRecord.decode(try #require(record.value))
                #expect(text(record.key) == value.instrument.key)
                #expect(record.partition == Murmur2.partition(key: value.instrument.key, partitions: 4))
            }
            #expect(
                Set(try found.map { try TradeRecord.decode(try #require($0.value)) }) == [
                    .newGeneration(try Instrument(key: "BTCUSDT")),
                    .reopen(try Instrument(key: "kraken:BTC/USD"), 100...200),
                ])
            #expect(await market.run("recover", "reopen", "BTCUSDT") == 64)
            #expect(await market.run("recover", "new-generation", "a b") == 64)
        }
    }

    @Test func statusSaysWhichPartitionsHaltAndWhy() async throws {
        try await Installation.with { market in
            let admin = try KafkaAdmin(market.broker.configuration())
            guard case .id(let topicID) = try await admin.topicID(of: market.topic) else {
                await admin.close()
                return
            }
            func claim(_ partition: Int32, _ log: LogIdentity, offset: Int64) async throws {
                _ = try await ProcessorStore(pool: market.pool, topic: market.topic).claim(
                    partition: partition, owner: RandomUUID.text(), log: log, firstOffset: offset)
            }
            let log = LogIdentity(topicID: topicID, partitionCount: 4)
            try await claim(0, log, offset: 0)
            #expect(await market.run("recover") == 0)
            try await claim(1, log, offset: 1_000)
            try await claim(2, LogIdentity(topicID: "another", partitionCount: 4), offset: 0)
            try await claim(3, LogIdentity(topicID: topicID, partitionCount: 12), offset: 0)
            let report = try await PartitionReport.read(market.session, admin)
            await admin.close()
            #expect(report.halts.count == 3)
            for (halt, words) in zip(report.halts, [["1000", "0 to 0"], ["another", topicID], ["12", "4"]]) {
                for word in words { #expect(halt.contains(word), "\(word) is missing in: \(halt)") }
            }
            #expect(await market.run("recover") == 1)
        }
    }

    @Test func lateTradesAreMergedOnceTheirCandlesAreKeptAgain() async throws {
        try await Installation.with { market in
            _ = try await ProcessorStore(pool: market.pool, topic: market.topic).claim(
                partition: 0, owner: RandomUUID.text(), log: LogIdentity(topicID: "log-1", partitionCount: 4),
                firstOffset: 0)
            let pool = market.pool
            _ = try await pool.query("SELECT drop_candle_partitions('10s', 1609459200)", isPrepared: false)
            // Five trades of one window, one of the next; the second is an aggregate of three.
            _ = try await pool.query(
                "SELECT record_late_trades($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    .texts(.init(repeating: "A", count: 6)), .integers([0, 0, 0, 0, 0, 0]),
                    .bigints([10, 13, 14, 15, 16, 17]), .bigints([1, 3, 1, 1, 1, 1]),
                    .numerics(["5", "7.5", "4.00000001", "6", "5.5", "9"]),
                    .numerics(["1", "2", "0.00000001", "3", "1", "1"]),
                    .booleans([true, false, true, false, false, true]),
                    .bigints((0..<6).map { (1_600_000_000 + ($0 == 5 ? 10 : $0)) * 1_000_000 }),
                ])
            #expect(await market.run("late", "list", "A", "--limit", "3") == 0)
            #expect(await market.run("late", "apply") == 0)
            #expect(try await market.count("late_trades") == 6)
            _ = try await pool.query("UPDATE candle_retention SET horizon = 1577836800", isPrepared: false)
            #expect(await market.run("late", "apply", "A") == 0)
            #expect(await market.run("late", "apply", "A") == 0)
            #expect(try await market.count("late_trades") == 0)
            let row = try #require(
                try await pool.query(
                    "SELECT * FROM candles_10s WHERE window_start = 1600000000", isPrepared: false
                ).first)
            func value(_ name: String) throws -> String { try row.value(name) }
            #expect(try ["open", "high", "low", "close"].map(value) == ["5", "7.5", "4.00000001", "5.5"])
            #expect(try value("volume") == "7.00000001")
            // 5 + 15 + 0.0000000400000001 + 18 + 5.5
            #expect(try value("quote_volume") == "43.5000000400000001")
            #expect(try value("taker_buy_volume") == "1.00000001")
            #expect(try value("trade_count") == "7")
            #expect(try [value("first_trade_id"), value("last_trade_id")] == ["10", "16"])
            #expect(try row.optional("missing_trades", as: Int64.self) == nil)
            // The topic `candles` gets them by the outbox.
            #expect(try await market.count("candle_outbox WHERE symbol = 'A'") == 2)
        }
    }
}
