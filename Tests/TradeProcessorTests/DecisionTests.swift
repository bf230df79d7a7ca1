import MarketCore
import MarketWire
import ServiceKit
import Testing

@testable import TradeProcessor

/// What the simulation found wrong once, in the smallest form.
@Suite struct DecisionTests {
    private let log = LogIdentity(topicID: "a", partitionCount: 4)

    private func lease(lineage: Int64 = 1, sequence: Int64 = 5) -> PartitionLease {
        PartitionLease(partition: 2, owner: "owner", epoch: 3, commitSequence: sequence, lineage: lineage)
    }

    private func claim(lineage: Int64 = 1, sequence: Int64 = 5, nextOffset: Int64 = 40) -> PartitionClaim {
        PartitionClaim(
            lease: lease(lineage: lineage, sequence: sequence), topicID: "a", partitionCount: 4,
            nextOffset: nextOffset, watermarkMicros: nil, maxEventMicros: nil, instruments: [])
    }

    private func decide(_ claim: PartitionClaim, found: String = "a", inRedis: LiveMailbox.Sentinel?) -> ClaimDecision {
        ClaimDecision(
            claim, found: LogIdentity(topicID: found, partitionCount: 4), offsets: 10...90, inRedis: inRedis, "trades",
            .continue)
    }

    @Test func aLineageThatRedisKnowsIsNotUsedAgain() {
        let known = LiveMailbox.Sentinel(lineage: 3, commitSequence: 1)
        guard case .startLineage(40, above: 3, _) = decide(claim(), inRedis: known) else {
            Issue.record("restored: \(decide(claim(), inRedis: known))")
            return
        }
        guard case .startLineage(10, above: 3, _) = decide(claim(), found: "b", inRedis: known) else {
            Issue.record("new log: \(decide(claim(), found: "b", inRedis: known))")
            return
        }
        #expect(decide(claim(), inRedis: LiveMailbox.Sentinel(lineage: 1, commitSequence: 5)) == .proceed)
        #expect(decide(claim(), inRedis: nil) == .proceed)
    }

    private func pending() -> PendingCommit {
        PendingCommit([
            PartitionWork(
                progress: PartitionProgress(
                    lease: lease(), nextOffset: 41, watermarkMicros: nil, maxEventMicros: nil), topicID: "a")
        ])
    }

    @Test func aCommitWhoseAnswerWasLostSaysThatItsRowsWereNotSeen() {
        var made = pending()
        let answer1 = made.resolve([2: 6])
        #expect(answer1 == [])
        #expect(made.isDone)
        #expect(made.result.committed.map(\.lease.commitSequence) == [6])
        #expect(made.result.unseen == [2])

        var failed = pending()
        let answer2 = failed.resolve([2: 5])
        #expect(answer2 == [])
        #expect(failed.work.count == 1)
        #expect(failed.result.unseen == [])

        var fenced = pending()
        let answer3 = fenced.resolve([:])
        #expect(answer3 == [2])
        #expect(fenced.isDone)
        #expect(fenced.result.fenced == [lease()])

        var seen = pending()
        seen.made([])
        #expect(seen.result.unseen == [])
    }

    private func candle(outboxID: Int64) -> StoredCandle {
        StoredCandle(
            record: CandleRecord(
                symbol: "A", interval: .base, windowStart: 0, open: Price(raw: 1), high: Price(raw: 1),
                low: Price(raw: 1), close: Price(raw: 1), volume: .zero, quoteVolume: .zero, tradeCount: 1,
                takerBuyVolume: .zero, takerBuyQuoteVolume: .zero, firstTradeID: 1, lastTradeID: 1, missingTrades: 0,
                revision: 1, isClosed: true, lineage: 1), partition: 2, outboxID: outboxID)
    }

    @Test func anAcknowledgementOfBeforeTakesNothingOffTheOutbox() throws {
        var outbox = CandleOutbox()
        outbox.claimed(lease(), nowMicros: 0)
        let oldToken = outbox.send(candle(outboxID: 7))
        let old = try #require(oldToken)
        outbox.dropped(2)
        // PostgreSQL was restored: 7 is another row now.
        let newer = lease(lineage: 2)
        outbox.claimed(newer, nowMicros: 1)
        let newToken = outbox.send(candle(outboxID: 7))
        let new = try #require(newToken)
        outbox.settled(old, isDelivered: true)
        let later: Int64 = 100_000_000
        let answer4 = outbox.takeDelivered(nowMicros: later)
        #expect(answer4 == [])
        outbox.settled(new, isDelivered: true)
        let answer5 = outbox.takeDelivered(nowMicros: later)
        #expect(answer5 == [CandleOutbox.Delivered(lease: newer, ids: [7])])
        let answer6 = outbox.takeDelivered(nowMicros: later)
        #expect(answer6 == [])
    }

    @Test func aReplicaThatLagsByLessThanACommitIsNoticed() {
        var watch = LiveLossWatch()
        let sentinel = LiveMailbox.Sentinel(lineage: 1, commitSequence: 5)
        func isLost(_ found: LiveMailbox.Sentinel?, _ flushes: Int64) -> Bool {
            watch.isLost(2, found: found, flushes: flushes, written: sentinel)
        }
        let first = isLost(nil, 1)
        let second = isLost(sentinel, 2)
        let lagging = isLost(sentinel, 2)
        let afterwards = isLost(sentinel, 3)
        let emptied = isLost(nil, 1)
        #expect([first, second, lagging, afterwards, emptied] == [false, false, true, false, true])
    }
}
