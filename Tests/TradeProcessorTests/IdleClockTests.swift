import Testing

@testable import TradeProcessor

@Suite struct IdleClockTests {
    private let timeout: Int64 = 5_000_000
    private let maxAge: Int64 = 1_000_000

    private func advance(_ clock: inout IdleClock, _ now: Int64) -> Int64 {
        clock.advance(nowMicros: now, timeoutMicros: timeout, maxAgeMicros: maxAge)
    }

    @Test func nothingAdvancesWithoutProof() {
        var clock = IdleClock()
        #expect(advance(&clock, 100_000_000) == 0)
    }

    @Test func timeGoesOnFromTheTimeoutOnAndIsGivenOutOnce() {
        var clock = IdleClock()
        for second in 0...7 {
            clock.proveDrained(atMicros: Int64(second) * 900_000, maxAgeMicros: maxAge)
        }
        #expect(advance(&clock, 6_300_000) == 1_300_000)
        #expect(advance(&clock, 6_300_000) == 0)
        #expect(advance(&clock, 6_500_000) == 200_000)
    }

    @Test func anOldProofIsNone() {
        var clock = IdleClock()
        clock.proveDrained(atMicros: 0, maxAgeMicros: maxAge)
        clock.proveDrained(atMicros: 900_000, maxAgeMicros: maxAge)
        // The broker was not heard for seconds: being quiet has to be proven from the start again.
        clock.proveDrained(atMicros: 6_000_000, maxAgeMicros: maxAge)
        #expect(advance(&clock, 6_500_000) == 0)
        #expect(advance(&clock, 7_100_000) == 0)
    }

    @Test func aRecordVoidsTheProof() {
        var clock = IdleClock()
        for second in 0...7 { clock.proveDrained(atMicros: Int64(second) * 900_000, maxAgeMicros: maxAge) }
        clock.reset()
        #expect(advance(&clock, 6_400_000) == 0)
    }
}
