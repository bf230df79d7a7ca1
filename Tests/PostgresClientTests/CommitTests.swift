import PostgresClient
import Schemas
import TestServers
import Testing

/// The fence of processor commits, and what a commit writes beside candles.
@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct CommitTests {
    private let windowStart: Int64 = 1_700_000_040

    private func database() async throws -> (TestDatabase, PostgresPool) {
        let database = try await TestDatabase.migrated("commit")
        let pool = PostgresPool(try database.configuration())
        _ = try await pool.query("SELECT ensure_candle_partitions('1m', 1700000000, 1700000100)")
        return (database, pool)
    }

    private func candle(_ symbol: String) -> CandlePart {
        CandlePart(
            key: .init(symbol: symbol, interval: "1m", windowStart: windowStart),
            trades: .init(place: .init(generation: 0, id: 1), price: 100, quantity: 1, isTakerBuy: false))
    }

    private func states(_ instrument: String, version: Int32) -> PostgresStatement {
        PostgresStatement(
            "SELECT save_states($1, $2, $3, $4, $5)",
            [
                .text("trades"), .integers([3]), .texts([instrument]), .integers([version]),
                .bytesArray([[UInt8(version), 0, 255]]),
            ])
    }

    @Test func theOldOwnersWholeBatchIsVoid() async throws {
        let (_, pool) = try await database()
        let old = try await Claim.take(3, owner: Owner.first, on: pool)
        #expect(old.isNew)
        #expect(old.epoch == 1)
        var new = try await Claim.take(3, owner: Owner.second, on: pool)
        #expect(!new.isNew)
        #expect(new.epoch == 2)
        let zombie = await pool.transaction([
            Claim.commitStatement([old]), states("OLD", version: 1), CandlePart.mergeStatement([candle("OLD")]),
        ])
        let error = try #require(zombie.rolledBackError)
        #expect(error.sqlState == "MS001")
        #expect(error.kind == .raised)
        #expect(error.detail == "3")
        #expect(!error.isTransient)
        #expect(try await pool.query("SELECT 1 FROM candles_1m").isEmpty)
        #expect(try await pool.query("SELECT 1 FROM processor_state").isEmpty)
        #expect(try await pool.query("SELECT 1 FROM candle_outbox").isEmpty)
        let owner = await pool.transaction([
            Claim.commitStatement([new]), states("NEW", version: 2), CandlePart.mergeStatement([candle("NEW")]),
        ])
        #expect(owner.isCommitted)
        new.noteCommit()
        #expect(try await Claim.resolvedCommitSeq(3, on: pool) == new.commitSeq)
        let rows = try await pool.query(
            "SELECT instrument, version, state FROM processor_state WHERE topic = 'trades' AND partition = 3")
        let row = try #require(rows.first)
        #expect(try row.value("instrument", as: String.self) == "NEW")
        #expect(try row.value("state", as: [UInt8].self) == [2, 0, 255])
        await pool.close()
    }

    @Test func onePartitionTakenOverVoidsAllAndIsNamed() async throws {
        let (_, pool) = try await database()
        var claims: [Claim] = []
        for partition: Int32 in [7, 3, 5] {
            claims.append(try await Claim.take(partition, owner: Owner.first, on: pool))
        }
        for partition: Int32 in [7, 3] { _ = try await Claim.take(partition, owner: Owner.second, on: pool) }
        let outcome = await pool.transaction([Claim.commitStatement(claims)])
        #expect(outcome.rolledBackError?.detail == "3,7")
        #expect(try await Claim.resolvedCommitSeq(5, on: pool) == 0)
        let without = await pool.transaction([Claim.commitStatement(claims.filter { $0.partition == 5 })])
        #expect(without.isCommitted)
        await pool.close()
    }

    @Test func theSameCommitTwiceIsRefused() async throws {
        let (_, pool) = try await database()
        let claim = try await Claim.take(0, owner: Owner.first, on: pool)
        #expect(await pool.transaction([Claim.commitStatement([claim])]).isCommitted)
        #expect(await pool.transaction([Claim.commitStatement([claim])]).rolledBackError?.sqlState == "MS001")
        // A partition named twice would commit once and be counted twice.
        var next = claim
        next.noteCommit()
        #expect(await pool.transaction([Claim.commitStatement([next, next])]).rolledBackError?.sqlState == "MS001")
        await pool.close()
    }

    @Test func anotherLogRaisesTheLineageOnlyForTheOwner() async throws {
        let (_, pool) = try await database()
        let claim = try await Claim.take(0, owner: Owner.first, on: pool)
        let sql = "SELECT * FROM start_lineage($1, $2, $3, $4, $5, $6, $7)"
        func parameters(_ claim: Claim) -> [PostgresValue] {
            [
                .text("trades"), .integer(0), .uuid(claim.owner), .bigint(claim.epoch), .text("log-2"), .integer(12),
                .bigint(77),
            ]
        }
        let row = try #require(try await pool.query(sql, parameters(claim)).first)
        #expect(try row.value("lineage", as: Int32.self) == 2)
        #expect(try row.value("commit_seq", as: Int64.self) == 1)
        let new = try await Claim.take(0, owner: Owner.second, on: pool)
        #expect(new.lineage == 2)
        #expect(new.nextOffset == 77)
        let error = try await postgresError { () throws(PostgresError) in try await pool.query(sql, parameters(claim)) }
        #expect(error.sqlState == "MS001")
        await pool.close()
    }

    @Test func updatesOfStatesStayHeapOnly() async throws {
        // On a server of its own: a long transaction anywhere on a server keeps dead rows everywhere.
        let server = try await PostgresServer.start()
        let configuration = try PostgresConfiguration(url: server.url())
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration)
        let instruments = (0..<100).map { "SYMBOL\($0)" }
        func save(_ round: Int) -> PostgresStatement {
            PostgresStatement(
                "SELECT save_states($1, $2, $3, $4, $5)",
                [
                    .text("trades"), .integers(instruments.map { _ in 0 }), .texts(instruments),
                    .integers(instruments.map { _ in 1 }),
                    .bytesArray(
                        instruments.indices.map { index in
                            (0..<1_700).map { UInt8(truncatingIfNeeded: $0 &* (round &+ index) &* 31) }
                        }),
                ])
        }
        for round in 0..<60 { #expect(await pool.transaction([save(round)]).isCommitted) }
        try await waitUntil("the statistics are in", withinMillis: 20_000) {
            _ = try await pool.query("SELECT pg_stat_force_next_flush()")
            let rows = try await pool.query(
                """
                SELECT n_tup_upd AS all_updates, n_tup_hot_upd AS hot, pg_relation_size('processor_state') AS bytes
                FROM pg_stat_user_tables WHERE relname = 'processor_state'
                """)
            let row = try #require(rows.first)
            let updates: Int64 = try row.value("all_updates")
            guard updates >= 5_900 else { return false }
            #expect(try Double(row.value("hot", as: Int64.self)) >= 0.95 * Double(updates))
            // 100 rows of 1.7 KB, two a page of 8 KB, would be 0.4 MB; without HOT it were tens of them.
            #expect(try row.value("bytes", as: Int64.self) < 3_000_000)
            return true
        }
        await pool.close()
        try await server.stop()
    }
}
