import Logging
import MarketCore
import PostgresClient
import TestServers
import Testing

@testable import ServiceKit
@testable import TradeProcessor

@Suite struct RetentionSettingsTests {
    @Test func agesAreReadByInterval() throws {
        #expect(try RetentionSettings.candles.parse("10s=90d, 1m=730d") == [.base: 7_776_000, .oneMinute: 63_072_000])
    }

    @Test(arguments: ["", "10s", "10s=90", "10s=0d", "2s=5d", "10s=5d,10s=6d", "10s=-1d", "10s=1d=2d", "10s=100001d"])
    func anythingElseIsRefused(_ text: String) {
        #expect(throws: SettingProblem.self) { try RetentionSettings.candles.parse(text) }
    }
}

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct RetentionKeeperTests {
    private let day: Int64 = 86_400

    private func leaves(_ database: ProcessorDatabase, _ interval: String) async throws -> [String] {
        let rows = try await database.pool.query(
            """
            SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relname LIKE 'candles_\(interval)_20%'
            ORDER BY relname
            """, isPrepared: false)
        return try rows.map { try $0.value("name") }
    }

    /// Tables of 10 s and 1 min from January to June 2020, and an instrument whose newest trade is of a given time.
    private func with(newestMicros: Int64, _ body: (ProcessorDatabase, RetentionKeeper) async throws -> Void)
        async throws
    {
        try await ProcessorDatabase.with { database in
            _ = try await database.pool.query(
                """
                SELECT ensure_candle_partitions(i, 1577836800, 1593561599) FROM unnest(ARRAY['10s', '1m']) AS i
                """, isPrepared: false)
            _ = try await database.claim(1)
            _ = try await database.pool.query(
                "UPDATE processor_progress SET max_event = $1", [.bigint(newestMicros)])
            let keeper = RetentionKeeper(
                pool: database.pool, topic: "trades", ages: [.base: 60 * day], logger: Logger(label: "test"))
            try await body(database, keeper)
        }
    }

    /// 60 days before 15 June are 16 April: that month stays whole.
    @Test func tablesOlderThanTheNewestTradeAllowsAreDropped() async throws {
        try await with(newestMicros: 1_592_179_200_000_000) { database, keeper in
            let minutes = try await leaves(database, "1m")
            await keeper.sweep()
            await keeper.sweep()
            let left = try await leaves(database, "10s").filter { $0.hasPrefix("candles_10s_2020") }
            #expect(left == ["candles_10s_2020_04", "candles_10s_2020_05", "candles_10s_2020_06"])
            #expect(try await leaves(database, "1m") == minutes)
            #expect(try await database.count("candle_retention WHERE horizon = 1585699200") == 1)
        }
    }

    @Test func aTradeFromTheFutureDropsNothingOfThePresent() async throws {
        try await with(newestMicros: 4_102_444_800_000_000) { database, keeper in
            let before = try await leaves(database, "10s")
            await keeper.sweep()
            // The clock bounds it: what was made for now stays, 2020 goes.
            #expect(try await leaves(database, "10s") == before.filter { !$0.hasPrefix("candles_10s_2020") })
        }
    }

    @Test func beforeTheFirstTradeNothingIsOld() async throws {
        try await with(newestMicros: .min) { database, keeper in
            let before = try await leaves(database, "10s")
            await keeper.sweep()
            #expect(try await leaves(database, "10s") == before)
        }
    }
}
