import PostgresClient
import Schemas
import TestServers
import Testing

/// What is known when the server or the way to it breaks. Has a server of its own, which it kills.
@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"), .serialized)
struct ServerLossTests {
    private func candle(_ id: Int64) -> CandlePart {
        CandlePart(
            key: .init(symbol: "BTCUSDT", interval: "1m", windowStart: 1_700_000_040),
            trades: .init(place: .init(generation: 0, id: id), price: 100, quantity: 1, isTakerBuy: true))
    }

    private func tradeCount(_ pool: PostgresPool) async throws -> Int64 {
        try await pool.query("SELECT coalesce(sum(trade_count), 0)::bigint AS n FROM candles_1m").first?.value("n")
            ?? -1
    }

    private func prepared(_ pool: PostgresPool) async throws {
        _ = try await pool.query("SELECT ensure_candle_partitions('1m', 1700000000, 1700000100)")
    }

    @Test func anAmbiguousCommitIsResolvedByTheCommitSequence() async throws {
        let database = try await TestDatabase.migrated("loss")
        let proxy = try CuttingProxy(serverPort: database.server.port)
        let direct = PostgresPool(try database.configuration())
        try await prepared(direct)
        var claim = try await Claim.take(3, owner: Owner.first, on: direct)
        #expect(claim.isNew)
        var expected: Int64 = 0
        for (mode, arrives) in [(CuttingProxy.Mode.cutAfterCommit, true), (.cutBeforeCommit, false)] {
            let connection = try await PostgresConnection.connect(database.configuration(port: proxy.port))
            proxy.set(mode)
            let outcome = await connection.transaction([
                Claim.commitStatement([claim]), CandlePart.mergeStatement([candle(claim.nextOffset)]),
            ])
            proxy.set(.pass)
            guard case .ambiguous(let error) = outcome else {
                Issue.record("\(mode): \(outcome)")
                continue
            }
            #expect(error.kind == .connectionLost)
            #expect(!connection.isOpen)
            let found = try await Claim.resolvedCommitSeq(3, on: direct)
            #expect(found == claim.commitSeq + (arrives ? 1 : 0))
            if arrives {
                claim.noteCommit()
                expected += 1
            }
            #expect(try await tradeCount(direct) == expected)
            await connection.close()
        }
        await direct.close()
        proxy.close()
    }

    @Test func silenceIsTakenForALossAfterItsTimeout() async throws {
        let database = try await TestDatabase.empty("loss")
        let proxy = try CuttingProxy(serverPort: database.server.port)
        var configuration = try database.configuration(port: proxy.port)
        configuration.replyTimeoutMillis = 150
        let connection = try await PostgresConnection.connect(configuration)
        proxy.set(.swallowReplies)
        let outcome = await connection.transaction([PostgresStatement("SELECT 1")])
        guard case .ambiguous(let error) = outcome else { throw TestProblem.outcome("\(outcome)") }
        #expect(error.message.contains("150 ms"))
        await connection.close()
        proxy.close()
    }

    @Test func aKilledServerLosesNothingAndDoublesNothing() async throws {
        var random = SeededRandom.printed("aKilledServerLosesNothingAndDoublesNothing")
        let server = try await PostgresServer.start()
        let configuration = try PostgresConfiguration(url: server.url())
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        var options = PostgresPoolOptions()
        options.size = 2
        options.backoff = PostgresBackoff(firstMillis: 10, maxMillis: 100)
        let pool = PostgresPool(configuration, options)
        try await prepared(pool)
        var claim = try await Claim.take(0, owner: Owner.first, on: pool)
        var ambiguous = 0
        for _ in 0..<4 {
            let commitsBefore = claim.commitSeq
            let killAfter = Int64.random(in: 2...12, using: &random)
            var killer: Task<Void, any Error>?
            // Commit after commit, until one meets the kill.
            while true {
                if claim.commitSeq == commitsBefore + killAfter, killer == nil {
                    killer = Task { try await server.killNow() }
                }
                let outcome = await pool.transaction([
                    Claim.commitStatement([claim]), CandlePart.mergeStatement([candle(claim.nextOffset)]),
                ])
                if outcome.isCommitted {
                    claim.noteCommit()
                    continue
                }
                try await killer?.value
                if let error = outcome.rolledBackError { #expect(error.isTransient, "\(error)") }
                #expect(await pool.transaction([]).isCommitted == false)
                try await server.startAgain()
                try await pool.waitUntilConnected(timeoutMillis: 30_000)
                let found = try await Claim.resolvedCommitSeq(0, on: pool)
                if outcome.isAmbiguous, found == claim.commitSeq + 1 { claim.noteCommit() }
                if outcome.isAmbiguous { ambiguous += 1 }
                #expect(found == claim.commitSeq)
                break
            }
        }
        print("\(ambiguous) of 4 commits were ambiguous")
        #expect(try await tradeCount(pool) == claim.commitSeq)
        await pool.close()
        try await server.stop()
    }
}
