import MarketCore
import PostgresClient
import TestServers
import Testing

@testable import TradeProcessor

/// The outbox and what Redis gets back, in PostgreSQL itself.
@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct StoredCandleTests {
    private let start: Int64 = 1_600_000_000

    private func change(_ symbol: String, _ windowStart: Int64) throws -> CandleRowChange {
        let candle = Candle(
            price: try #require(Price("1.5")), quantity: try #require(Quantity("2")), takerSide: .buy,
            first: TradeKey(generation: 0, id: 1), last: TradeKey(generation: 0, id: 1), tradeCount: 1)
        return CandleRowChange(
            symbol: symbol, interval: .base, windowStart: windowStart, candle: candle, holeDelta: 0, isUnknown: false)
    }

    private func commit(
        _ changes: [CandleRowChange], _ claim: PartitionClaim, _ database: ProcessorDatabase
    ) async throws -> CommitResult {
        var work = PartitionWork(
            progress: PartitionProgress(
                lease: claim.lease, nextOffset: 10, watermarkMicros: nil, maxEventMicros: nil), topicID: "log-1")
        work.candles = changes
        return try await database.committer().commit([work])
    }

    @Test func theLastCandleOfAQuietInstrumentIsFoundHoweverOldItIs() async throws {
        try await ProcessorDatabase.with { database in
            let claim = try await database.claim(1)
            let year: Int64 = 365 * 86_400
            _ = try await commit(
                [try change("QUIET", start), try change("BUSY", start), try change("BUSY", start + year)], claim,
                database)
            let found = try await database.store.lastCandles(
                symbols: ["BUSY", "NOBODY", "QUIET"], partition: 1, lineage: 4)
            let windows = Dictionary(uniqueKeysWithValues: found.map { ($0.record.symbol, $0.record.windowStart) })
            #expect(windows == ["BUSY": start + year, "QUIET": start])
            #expect(found.allSatisfy { $0.record.lineage == 4 && $0.outboxID == nil })
        }
    }

    @Test func onlyTheOwnerTakesRowsOffTheOutbox() async throws {
        try await ProcessorDatabase.with { database in
            let old = try await database.claim(1)
            let rows = try await commit([try change("A", start)], old, database).rows
            let ids = rows.compactMap(\.outboxID)
            #expect(ids.count == 1)
            let new = try await database.claim(1)
            try await database.store.markPublished(old.lease, outboxIDs: ids)
            #expect(try await database.count("candle_outbox") == 1)
            try await database.store.markPublished(new.lease, outboxIDs: ids)
            #expect(try await database.count("candle_outbox") == 0)
        }
    }
}
