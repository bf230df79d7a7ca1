import Testing

@testable import RedisClient

@Suite struct CommandPipelineTests {
    private static func pipeline(
        commands: Int = 10, bytes: Int = 1_000, _ whenFull: RedisBackpressure = .wait
    ) -> CommandPipeline {
        CommandPipeline(
            CommandPipeline.Limits(maxCommands: commands, maxBytes: bytes, whenFull: whenFull, timeoutMillis: 100))
    }

    @Test func repliesGoToTheBatchWhoseTurnItIs() throws {
        var pipeline = Self.pipeline()
        #expect(pipeline.submit(id: 1, commandCount: 2, bytes: [1, 2], nowMillis: 0) == nil)
        #expect(pipeline.submit(id: 2, commandCount: 1, bytes: [3], nowMillis: 0) == nil)
        #expect(pipeline.takeForSending(nowMillis: 0) == [1, 2, 3])
        #expect(pipeline.takeForSending(nowMillis: 0) == [])
        #expect(try pipeline.take(.integer(1)) == nil)
        let first = try pipeline.take(.integer(2))
        #expect(first?.id == 1)
        #expect(try first?.result.get() == [.integer(1), .integer(2)])
        #expect(try pipeline.take(.integer(3))?.id == 2)
        #expect(pipeline.inFlightCommandCount == 0)
        #expect(throws: RedisError.self) { _ = try pipeline.take(.integer(4)) }
    }

    @Test func aCancelledBatchKeepsItsPlaceUntilItsRepliesAreIn() throws {
        var pipeline = Self.pipeline()
        for id in 1...2 { _ = pipeline.submit(id: UInt64(id), commandCount: 1, bytes: [UInt8(id)], nowMillis: 0) }
        _ = pipeline.takeForSending(nowMillis: 0)
        #expect(pipeline.cancel(1)?.id == 1)
        #expect(pipeline.cancel(1) == nil)
        #expect(try pipeline.take(.integer(1)) == nil)
        #expect(try pipeline.take(.integer(2))?.id == 2)
    }

    @Test func aCancelledBatchThatWasNotSentIsNeverSent() {
        var pipeline = Self.pipeline()
        for id in 1...2 { _ = pipeline.submit(id: UInt64(id), commandCount: 1, bytes: [UInt8(id)], nowMillis: 0) }
        _ = pipeline.cancel(1)
        #expect(pipeline.takeForSending(nowMillis: 0) == [2])
        #expect(pipeline.inFlightCommandCount == 1)
    }

    @Test(arguments: [(10, 1_000_000, 10), (1_000, 5, 5)])
    func boundsRefuse(_ commands: Int, _ bytes: Int, _ accepted: Int) {
        var pipeline = Self.pipeline(commands: commands, bytes: bytes, .refuse)
        let refusals = (1...12).map { id in
            pipeline.submit(id: UInt64(id), commandCount: 1, bytes: [0], nowMillis: 0)
        }
        #expect(refusals.prefix(accepted).allSatisfy { $0 == nil })
        #expect(refusals.dropFirst(accepted).allSatisfy { $0?.code == .busy })
        #expect(pipeline.inFlightCommandCount == accepted)
    }

    @Test func boundsMakeLaterOnesWaitInTheirOrder() throws {
        var pipeline = Self.pipeline(commands: 2)
        for id in 1...5 {
            #expect(pipeline.submit(id: UInt64(id), commandCount: 1, bytes: [UInt8(id)], nowMillis: 0) == nil)
        }
        #expect(pipeline.takeForSending(nowMillis: 0) == [1, 2])
        _ = pipeline.cancel(3)
        _ = try pipeline.take(.null)
        #expect(pipeline.takeForSending(nowMillis: 0) == [4])
        _ = try pipeline.take(.null)
        #expect(pipeline.takeForSending(nowMillis: 0) == [5])
    }

    @Test func aBatchBeyondTheBoundsGoesAlone() throws {
        var pipeline = Self.pipeline(commands: 2)
        #expect(pipeline.submit(id: 1, commandCount: 3, bytes: [1], nowMillis: 0) == nil)
        #expect(pipeline.submit(id: 2, commandCount: 3, bytes: [2], nowMillis: 0) == nil)
        #expect(pipeline.takeForSending(nowMillis: 0) == [1])
        for _ in 1...3 { _ = try pipeline.take(.null) }
        #expect(pipeline.takeForSending(nowMillis: 0) == [2])
    }

    @Test func timeEndsWhatIsSentQueuedAndWaiting() throws {
        var pipeline = Self.pipeline(commands: 2)
        _ = pipeline.submit(id: 1, commandCount: 1, bytes: [1], nowMillis: 0)
        _ = pipeline.takeForSending(nowMillis: 0)
        _ = pipeline.submit(id: 2, commandCount: 1, bytes: [2], nowMillis: 10)
        _ = pipeline.submit(id: 3, commandCount: 1, bytes: [3], nowMillis: 20)
        #expect(pipeline.nextDeadlineMillis == 100)
        #expect(pipeline.expire(nowMillis: 99).isEmpty)
        let over = pipeline.expire(nowMillis: 100)
        #expect(over.map(\.id) == [1])
        #expect(throws: RedisError.self) { _ = try over[0].result.get() }
        // The reply may still come, and is nobody's.
        #expect(try pipeline.take(.null) == nil)
        #expect(pipeline.expire(nowMillis: 120).map(\.id) == [2, 3])
        #expect(pipeline.inFlightCommandCount == 0)
        #expect(pipeline.nextDeadlineMillis == nil)
    }

    @Test func aConnectionThatSaysNothingIsStalled() throws {
        var pipeline = Self.pipeline()
        #expect(!pipeline.isStalled(nowMillis: 1_000))
        _ = pipeline.submit(id: 1, commandCount: 2, bytes: [1], nowMillis: 1_000)
        _ = pipeline.takeForSending(nowMillis: 1_000)
        #expect(!pipeline.isStalled(nowMillis: 1_099))
        pipeline.noteProgress(nowMillis: 1_050)
        _ = try pipeline.take(.null)
        #expect(!pipeline.isStalled(nowMillis: 1_149))
        #expect(pipeline.isStalled(nowMillis: 1_150))
    }

    @Test func aLostConnectionEndsOnlyWhatWasSent() throws {
        var pipeline = Self.pipeline()
        _ = pipeline.submit(id: 1, commandCount: 2, bytes: [1], nowMillis: 0)
        _ = pipeline.takeForSending(nowMillis: 0)
        _ = try pipeline.take(.null)
        _ = pipeline.submit(id: 2, commandCount: 1, bytes: [2], nowMillis: 0)
        #expect(pipeline.loseConnection(RedisError(.connectionLost, "gone")).map(\.id) == [1])
        #expect(pipeline.takeForSending(nowMillis: 0) == [2])
        // Nothing of the reply that had begun is left over.
        #expect(try pipeline.take(.integer(2))?.result.get() == [.integer(2)])
    }

    @Test func whenAllFailsNobodyIsForgotten() {
        var pipeline = Self.pipeline(commands: 2)
        _ = pipeline.submit(id: 1, commandCount: 1, bytes: [1], nowMillis: 0)
        _ = pipeline.takeForSending(nowMillis: 0)
        for id in 2...4 { _ = pipeline.submit(id: UInt64(id), commandCount: 1, bytes: [2], nowMillis: 0) }
        #expect(pipeline.failAll(.closed).map(\.id) == [1, 2, 3, 4])
        #expect(pipeline.inFlightCommandCount == 0)
        #expect(pipeline.submit(id: 5, commandCount: 2, bytes: [5], nowMillis: 0) == nil)
        #expect(pipeline.takeForSending(nowMillis: 0) == [5])
    }

    /// Random calls, cancellations, replies and losses: every caller is answered once, with its own replies.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func everyCallerIsAnsweredOnce(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var pipeline = Self.pipeline(commands: 20, bytes: 60, Bool.random(using: &random) ? .wait : .refuse)
        var open: [UInt64: Int] = [:]
        // What the server owes: the number of the batch, for each command.
        var owed: [Int64] = []
        var now: Int64 = 0
        func settle(_ answers: [CommandPipeline.Answer]) throws {
            for answer in answers {
                let known = open.removeValue(forKey: answer.id)
                let count = try #require(known, "answered twice, seed \(seed)")
                if case .success(let replies) = answer.result {
                    #expect(replies == Array(repeating: .integer(Int64(answer.id)), count: count), "seed \(seed)")
                }
            }
        }
        for id in 1...3_000 as ClosedRange<UInt64> {
            now += Int64.random(in: 0...5, using: &random)
            let count = Int.random(in: 1...4, using: &random)
            // One byte for each command, naming the batch.
            let bytes = Array(repeating: UInt8(truncatingIfNeeded: id), count: count)
            if pipeline.submit(id: id, commandCount: count, bytes: bytes, nowMillis: now) == nil { open[id] = count }
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                if let victim = open.keys.sorted().randomElement(using: &random) {
                    try settle([pipeline.cancel(victim)].compactMap(\.self))
                }
            case 1: try settle(pipeline.expire(nowMillis: now))
            case 2 where id.isMultiple(of: 5):
                try settle(pipeline.loseConnection(RedisError(.connectionLost, "seed \(seed)")))
                owed = []
            default: break
            }
            owed += pipeline.takeForSending(nowMillis: now).map { low in
                // The whole number again: no batch is more than 255 older than the newest.
                Int64(id) - Int64(UInt8(truncatingIfNeeded: id) &- low)
            }
            for _ in 0..<Int.random(in: 0...min(owed.count, 5), using: &random) {
                try settle([try pipeline.take(.integer(owed.removeFirst()))].compactMap(\.self))
            }
        }
        try settle(pipeline.failAll(.closed))
        #expect(open.isEmpty, "seed \(seed)")
        #expect(pipeline.inFlightCommandCount == 0)
    }
}
