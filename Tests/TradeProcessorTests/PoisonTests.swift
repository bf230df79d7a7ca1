import KafkaClient
import MarketCore
import MarketWire
import PostgresClient
import TestServers
import Testing

@testable import TradeProcessor

/// Whatever bytes come: a record is used or quarantined, and the commit goes through.
@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct PoisonTests {
    private static let payloads: [[UInt8]?] = [
        nil, [], [0], [0xFF, 0xFE], Array("null".utf8), Array("{".utf8), Array("[1e999]".utf8),
        Array(#"{"venue":"binance","symbol":"A\u0000B","trade_id":1}"#.utf8),
        Array(#"{"venue":"\u0000","symbol":"BTCUSDT","trade_id":1}"#.utf8),
        Array(#"{"venue":"binance","symbol":"BTCUSDT","taker_side":"\u0000\u001b[2J"}"#.utf8),
        Array(#"{"venue":"binance","symbol":"BTCUSDT","price":"NaN"}"#.utf8),
        Array(#"{"venue":"binance","symbol":"BTCUSDT","price":"-1","quantity":"1e999"}"#.utf8),
        Array(#"{"\u0000":1}"#.utf8), [UInt8](repeating: UInt8(ascii: "["), count: 16_000),
        [UInt8](repeating: 0x41, count: 900_000),
    ]

    @Test func everyPoisonRecordIsKeptWithItsBytes() async throws {
        try await ProcessorDatabase.with { database in
            let claim = try await database.claim(1)
            let worker = try PartitionWorker(
                claim, topic: "trades", log: database.log, rules: ProcessingRules(), nowMicros: 0)
            let decoder = TradeBatchDecoder(partitions: 4)
            let key = Array("BTC\u{0}USDT".utf8)
            for (offset, payload) in Self.payloads.enumerated() {
                decoder.decodeGeneral(
                    key: key.span.bytes, value: payload?.span.bytes, partition: 1, offset: Int64(offset),
                    timestampMillis: 1_700_000_000_000, schemaVersion: nil, table: &worker.state.table,
                    into: &worker.batch)
            }
            #expect(
                worker.step(rawMessage: { RawMessage(key: key, value: Self.payloads[Int($0)]) }).isEmpty)
            #expect(worker.waitingWeight > Self.payloads.count + 880)
            let result = try await database.committer().commit([worker.takeWork(nowMicros: 0)])
            #expect(result.committed.map(\.nextOffset) == [Int64(Self.payloads.count)])
            let rows = try await database.pool.query("SELECT * FROM quarantine ORDER BY \"offset\"")
            #expect(rows.count == Self.payloads.count)
            for (row, payload) in zip(rows, Self.payloads) {
                #expect(try row.optional("value", as: [UInt8].self) == payload)
                #expect(try row.value("reason", as: String.self) == "malformed")
            }
        }
    }
}
