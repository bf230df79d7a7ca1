import KafkaClient
import MarketCore
import MarketWire
import PostgresClient
import ServiceKit
import TestServers
import Testing

@testable import MarketCtl

/// Recorded trades through broker, processor and database, held against themselves and the exchange's own candles.
@Suite(
    .enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"),
    .enabled(if: KafkaBroker.availability.isAvailable, "\(KafkaBroker.availability)"),
    .enabled(if: RedisServer.availability.isAvailable, "\(RedisServer.availability)"))
struct VerifyTests {
    /// 2020-01-02, 15:10 UTC.
    private let before: Int64 = 1_577_977_800
    /// 15:11
    private let start: Int64 = 1_577_977_860
    /// 15:18
    private let end: Int64 = 1_577_978_280
    /// 15:20
    private let after: Int64 = 1_577_978_400

    private func verification(
        _ market: Installation, _ range: Range<Int64>, _ intervals: [Interval] = Interval.allCases,
        files: [String]? = nil, venueURL: String? = nil, asksVenue: Bool? = nil
    ) throws -> Verification {
        let settings = Settings(venueURL.map { ["BINANCE_REST_URL": $0] } ?? [:])
        let session = CommandSession(
            settings: settings, topic: market.topic, pool: market.pool, kafka: market.broker.configuration())
        return Verification(
            session: session, instrument: try RecordedMarket.instrument, range: range, intervals: intervals,
            files: files,
            areComplete: false, asksVenue: venueURL == nil ? false : asksVenue, differenceLimit: 50,
            tradeLimit: 100_000)
    }

    /// Recorded trades, some of them twice and out of order, and another instrument's among them.
    private func publish(_ market: Installation) async throws -> Int64 {
        var records: [(key: String, value: [UInt8])] = []
        for (index, trade) in try await RecordedMarket.trades().enumerated() {
            var value: [UInt8] = []
            TradeRecord.encode(trade, into: &value)
            records.append((trade.instrument.key, value))
            if index % 7 == 3 { records.insert((trade.instrument.key, value), at: max(0, records.count - 3)) }
        }
        _ = try await market.session.append(records)
        return Int64(records.count)
    }

    /// Lets the processor make candles of the recorded trades, then runs the body without it.
    private func withCandles(_ body: (Installation) async throws -> Void) async throws {
        try await Installation.with { market in
            let count = try await publish(market)
            let redis = try await RedisServer.shared.get()
            let settings = [
                "KAFKA_BROKERS": market.broker.brokers, "KAFKA_TRADES_TOPIC": market.topic,
                "KAFKA_GROUP_ID": market.topic, "POSTGRES_URL": market.url, "REDIS_URL": redis.url(database: 9),
                "METRICS_PORT": "0", "IDLE_TIMEOUT": "1s", "LOG_LEVEL": "warning",
            ]
            try await RunningProgram.with("trade-processor", settings) { processor in
                try await waitUntil("the recorded minutes are closed", withinMillis: 90_000, everyMillis: 200) {
                    guard processor.isRunning else { throw ServerProblem(processor.log) }
                    let rows = try await market.pool.query(
                        "SELECT coalesce(sum(next_offset), 0) AS n, coalesce(max(watermark), 0) AS mark "
                            + "FROM processor_progress", isPrepared: false)
                    let row = try #require(rows.first)
                    return try row.value("n") == count && row.value("mark", as: Int64.self) > end * 1_000_000
                }
            }
            try await body(market)
        }
    }

    @Test func theProcessorsCandlesEqualTheTradesAndTheExchangesOwn() async throws {
        try await withCandles { market in
            try await KlineVenue.with { venue in
                let report = try await verification(market, start..<end, venueURL: venue.url, asksVenue: true).run()
                #expect(report.failure == nil, "\(report.text)")
                let verdicts = Dictionary(uniqueKeysWithValues: report.verdicts.map { ($0.interval, $0) })
                #expect(verdicts[.oneMinute]?.compared == 7)
                #expect(verdicts[.oneMinute]?.comparedWithVenue == 7)
                #expect(verdicts[.tenSeconds]?.compared == 42)
                #expect(verdicts[.tenSeconds]?.comparedWithVenue == 0)
                #expect(verdicts[.oneHour]?.compared == 0)
                #expect(report.text.contains("49 candles equal the trades and, 7 of them, the venue's own"))
                let words = ["verify", "BTCUSDT", "2020-01-02T15:11", "2020-01-02T15:18", "--interval", "1m"]
                #expect(await market.run(words: words + ["--venue", "--binance-rest-url", venue.url]) == 0)
                // Files know nothing of the minutes in which they begin and end.
                let ofFiles = try await verification(
                    market, before..<after, [.oneMinute], files: [RecordedMarket.tradesPath]
                ).run()
                #expect(ofFiles.failure == nil, "\(ofFiles.text)")
                #expect(ofFiles.verdicts.first?.compared == 7)
                #expect(ofFiles.verdicts.first?.notComparable[.notCovered] == 1)
                #expect(ofFiles.verdicts.first?.notComparable[.open] == 1)
            }
            try await whatTheSimulatorAnswers(market)
            try await whereTheVenueIsSilent(market)
            try await whatIsAltered(market)
            try await whatTheLogHasLost(market)
        }
    }

    /// The simulator plays the same recording, first and last minute included.
    private func whatTheSimulatorAnswers(_ market: Installation) async throws {
        let port = try FreePort.next()
        let settings = [
            "SIMULATOR_PORT": "\(port)", "SIMULATOR_FILES": RecordedMarket.tradesPath, "SIMULATOR_SPEED": "0",
            "SIMULATOR_START": "clock", "LOG_LEVEL": "warning",
        ]
        try await RunningProgram.with("exchange-simulator", settings) { simulator in
            let asked = try verification(
                market, before..<end, [.oneMinute, .fiveMinutes], venueURL: "http://127.0.0.1:\(port)", asksVenue: true)
            try await waitUntil("the simulator answers with all of it", withinMillis: 60_000, everyMillis: 200) {
                guard simulator.isRunning else { throw ServerProblem(simulator.log) }
                return try await asked.run().failure == nil
            }
            let report = try await asked.run()
            #expect(report.verdicts.map(\.comparedWithVenue) == [8, 1], "\(report.text)")
        }
    }

    private func whereTheVenueIsSilent(_ market: Installation) async throws {
        let silent = "http://127.0.0.1:\(try FreePort.next())"
        let report = try await verification(market, start..<end, [.oneMinute], venueURL: silent).run()
        #expect(report.failure == nil)
        #expect(report.text.contains("NOT compared with the venue: 127.0.0.1"), "\(report.text)")
        #expect(report.text.contains("7 candles equal the trades"))
        let wanted = try await verification(market, start..<end, [.oneMinute], venueURL: silent, asksVenue: true).run()
        #expect(wanted.failure?.description.contains("not compared with the venue") == true)
    }

    private func whatIsAltered(_ market: Installation) async throws {
        func alter(_ sql: String) async throws { _ = try await market.pool.query(sql, isPrepared: false) }
        try await alter(
            "UPDATE candles SET volume = volume + 0.00000001 WHERE interval = '1m' AND window_start = \(start)")
        try await alter("DELETE FROM candles WHERE interval = '10s' AND window_start = \(start + 20)")
        // Nothing was traded before 15:10:23.
        try await alter(
            """
            INSERT INTO candles (symbol, interval, window_start, open, high, low, close, volume, quote_volume,
                trade_count, taker_buy_volume, taker_buy_quote_volume, first_trade_id, last_trade_id)
            SELECT symbol, interval, \(before), open, high, low, close, volume, quote_volume, trade_count,
                taker_buy_volume, taker_buy_quote_volume, first_trade_id, last_trade_id
            FROM candles WHERE interval = '10s' AND window_start = \(start)
            """)
        let report = try await verification(market, before..<after, [.tenSeconds, .oneMinute]).run()
        #expect(report.failure?.description.hasPrefix("3 of ") == true, "\(report.text)")
        let found = report.differences
        #expect(found.map(\.windowStart) == [before, start + 20, start])
        #expect(found.map(\.column) == ["(row)", "(row)", "volume"])
        #expect(found.map(\.interval) == [.tenSeconds, .tenSeconds, .oneMinute])
        #expect(found.first?.recomputed == "none" && found.first?.stored.hasSuffix(" trades") == true)
        #expect(found.dropFirst().first?.stored == "none")
        #expect(found.last?.stored == "5.23808801" && found.last?.recomputed == "5.238088")
        #expect(await market.run("verify", "BTCUSDT", "\(before)", "\(after)", "--no-venue") == 1)
        try await alter(
            "UPDATE candles SET volume = volume - 0.00000001 WHERE interval = '1m' AND window_start = \(start)")
    }

    /// What the log no longer has is never called equal.
    private func whatTheLogHasLost(_ market: Installation) async throws {
        let partition = TopicPartition(market.topic, Murmur2.partition(key: "BTCUSDT", partitions: 4))
        let admin = try KafkaAdmin(market.broker.configuration())
        let range = try #require(try await admin.listOffsets([partition])[partition])
        try await admin.deleteRecords(before: [partition: range.high / 2])
        await admin.close()
        let half = try await verification(market, start..<end, [.oneMinute]).run()
        let verdict = try #require(half.verdicts.first)
        #expect(half.failure == nil, "\(half.text)")
        #expect(verdict.compared > 0 && verdict.compared < 7)
        #expect(verdict.notComparable[.notCovered] == 7 - verdict.compared)
        let lost = try await verification(market, start..<start + 60, [.oneMinute]).run()
        #expect(lost.failure?.description.contains("no candle could be compared") == true)
        // More trades than may be held are refused with a sentence.
        #expect(await market.run("verify", "BTCUSDT", "\(start)", "\(end)", "--max-trades", "999") == 64)
    }
}
