import MarketCore
import PostgresClient
import TestServers
import Testing

@testable import TradeProcessor

/// Candles that retention has dropped must neither come back nor hold commits up.
@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct RetentionTests {
    private let year2020: Int64 = 1_577_836_800
    private let year2021: Int64 = 1_609_459_200

    private func change(_ windowStart: Int64, _ interval: Interval = .base) throws -> CandleRowChange {
        let candle = Candle(
            price: try #require(Price("1.5")), quantity: try #require(Quantity("2")), takerSide: .buy,
            first: TradeKey(generation: 0, id: 1), last: TradeKey(generation: 0, id: 1), tradeCount: 1)
        return CandleRowChange(
            symbol: "A", interval: interval, windowStart: windowStart, candle: candle, holeDelta: 0,
            isUnknown: false)
    }

    private func work(_ claim: PartitionClaim, _ changes: [CandleRowChange]) -> PartitionWork {
        var work = PartitionWork(
            progress: PartitionProgress(
                lease: claim.lease, nextOffset: 10, watermarkMicros: nil, maxEventMicros: nil), topicID: "log-1")
        work.candles = changes
        return work
    }

    @Test func aCommitUnderWayWhileALeafIsDroppedGoesThroughWithoutItsRows() async throws {
        try await ProcessorDatabase.with { database in
            let claim = try await database.claim(1)
            #expect(claim.horizons.isEmpty)
            _ = try await database.pool.query(
                "SELECT drop_candle_partitions('10s', \(year2021))", isPrepared: false)
            let result = try await database.committer().commit([
                work(claim, [try change(year2020), try change(year2020, .oneMinute), try change(year2021)])
            ])
            #expect(result.committed.map(\.nextOffset) == [10])
            #expect(Set(result.rows.map(\.record.windowStart)) == [year2020, year2021])
            #expect(try await database.count("candles WHERE interval = '10s'") == 1)
            #expect(try await database.count("candles WHERE interval = '1m'") == 1)
        }
    }

    @Test func aClaimKnowsTheHorizonAndLateTradesAreKeptApart() async throws {
        try await ProcessorDatabase.with { database in
            _ = try await database.pool.query(
                "SELECT drop_candle_partitions('10s', \(year2021))", isPrepared: false)
            let claim = try await database.claim(1)
            #expect(claim.horizons == [.base: year2021])
            let worker = try PartitionWorker(
                claim, topic: "trades", log: database.log, rules: ProcessingRules(), nowMicros: 0)
            let instrument = try worker.state.table.index(ofKey: "A")
            for (offset, time) in [year2021 + 100, year2020].enumerated() {
                worker.batch.append(
                    TradeInput(
                        instrument: instrument, tradeID: Int64(10 - offset), price: try #require(Price("3")),
                        quantity: try #require(Quantity("1")), takerSide: .sell, eventTimeMicros: time * 1_000_000,
                        offset: Int64(offset), recordTimestampMicros: -1))
            }
            #expect(worker.step(rawMessage: { _ in nil }).isEmpty)
            let result = try await database.committer().commit([worker.takeWork(nowMicros: 0)])
            #expect(result.committed.count == 1)
            #expect(try await database.count("late_trades WHERE instrument = 'A' AND trade_id = 9") == 1)
            #expect(try await database.count("candles WHERE interval = '10s'") == 0)
            // The longer candles are kept and take it.
            #expect(try await database.count("candles WHERE interval = '1d' AND window_start = \(year2020)") == 1)
        }
    }
}
