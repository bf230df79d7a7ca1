import MarketCore
import MarketWire
import Testing

@testable import MarketProducer

@Suite struct HoleLedgerTests {
    private let instrument: Instrument
    private var ledger: HoleLedger

    init() throws {
        instrument = try Instrument(key: "BTCUSDT")
        ledger = HoleLedger(topic: "trades")
        ledger.follow([instrument, try Instrument(key: "ETHUSDT")], atMicros: 0)
    }

    private func progress(
        _ symbol: String = "BTCUSDT", highest: Int64 = 100, holes: [ClosedRange<Int64>] = [], at offset: Int64,
        topic: String = "trades"
    ) -> ProgressRecord {
        ProgressRecord(
            symbol: symbol, generation: 0, highestTradeID: highest, highestEventTimeMicros: 0, holes: holes,
            topic: topic, partition: 3, nextOffset: offset)
    }

    private mutating func next(at micros: Int64 = 0) -> ClosedRange<Int64>? {
        ledger.next(atMicros: micros) { _ in true }?.ids
    }

    private mutating func job(at micros: Int64 = 0) throws -> HoleLedger.Job {
        let job = ledger.next(atMicros: micros) { _ in true }
        return try #require(job)
    }

    @Test mutating func aHoleIsDueOnceWhatTheLogHeldIsRead() {
        ledger.take(progress(holes: [10...19], at: 50))
        #expect(next() == nil, "the log's end is not known yet")
        #expect(ledger.unknownEnds == [3])
        ledger.take(ends: [3: 80])
        #expect(next() == nil, "30 records may fill it")
        ledger.take(progress(holes: [15...19], at: 70))
        #expect(next() == nil)
        // Another instrument's progress tells of the same partition.
        ledger.take(progress("ETHUSDT", at: 80))
        #expect(next() == 15...19)
    }

    /// What is said of an instrument before it is followed holds when it is.
    @Test mutating func anInstrumentThatIsFollowedLaterBringsItsHoles() throws {
        ledger.take(progress("LTCUSDT", highest: 500, holes: [400...409], at: 60))
        #expect(ledger.unknownEnds.isEmpty && ledger.openCount == 0)
        let late = try Instrument(key: "LTCUSDT")
        ledger.follow([instrument, late], atMicros: 1_000_000)
        #expect(ledger.openCount == 10)
        ledger.take(ends: [3: 60])
        #expect(next(at: 1_000_000) == 400...409)
        // Nobody sent anything of it: what came after the last trade that is known is asked for, after a while.
        ledger.take(progress("LTCUSDT", highest: 500, at: 70))
        #expect(next(at: 1_000_000) == nil)
        #expect(next(at: 1_000_000 + HoleLedger.tailPauseMicros) == 501...Int64.max)
        ledger.follow([instrument], atMicros: 90_000_000)
        #expect(next(at: 90_000_000) == nil && ledger.openCount == 0)
    }

    @Test mutating func anotherTopicsPartitionsSayNothing() {
        ledger.take(progress(holes: [10...19], at: 50))
        ledger.take(ends: [3: 80])
        ledger.take(progress("ETHUSDT", at: 900, topic: "others"))
        #expect(next() == nil)
    }

    /// While a page was on its way the processor took part of what an earlier one had brought.
    @Test mutating func whatWasSentCountsThoughTheHoleHasShrunk() throws {
        ledger.take(progress(holes: [10...19], at: 50))
        ledger.take(ends: [3: 50])
        let job = try job()
        ledger.take(progress(holes: [14...19], at: 52))
        ledger.sent(job, through: 19, nextOffset: 60)
        #expect(next() == nil)
        ledger.take(progress(holes: [14...14], at: 60))
        #expect(next() == 14...14)
    }

    @Test mutating func aHoleThatTheLogFillsIsNeverAskedFor() {
        ledger.take(progress(holes: [10...19], at: 50))
        ledger.take(ends: [3: 80])
        ledger.take(progress(at: 80))
        #expect(next() == nil)
    }

    @Test mutating func whatWasSentIsAskedForAgainOnlyIfItIsReadAndStillMissing() throws {
        ledger.take(progress(holes: [10...2_009], at: 50))
        ledger.take(ends: [3: 50])
        let first = try job()
        ledger.sent(first, through: 1_009, nextOffset: 1_050)
        let second = try job()
        #expect(second.ids == 1_010...2_009)
        ledger.sent(second, through: 2_009, nextOffset: 2_050)
        #expect(next() == nil)
        ledger.take(progress(holes: [500...2_009], at: 600))
        #expect(next() == nil, "on its way")
        ledger.take(progress(holes: [700...700], at: 2_050))
        let again = try job()
        #expect(again.ids == 700...700 && again.attempts == 1)
    }

    @Test mutating func aRefusalIsFollowedByLongerAndLongerPauses() throws {
        ledger.take(progress(holes: [10...19], at: 50))
        ledger.take(ends: [3: 50])
        ledger.failed(try job(), atMicros: 0, countsAsAttempt: true)
        #expect(next(at: 1_999_999) == nil)
        let second = try job(at: 2_000_000)
        #expect(second.attempts == 1)
        ledger.failed(second, atMicros: 2_000_000, countsAsAttempt: true)
        #expect(next(at: 5_999_999) == nil && next(at: 6_000_000) == 10...19)
    }

    @Test mutating func aQuietInstrumentsNewestTradesAreAskedForAfterAConnection() throws {
        ledger.take(progress(highest: 100, at: 50))
        ledger.connected(atMicros: 0)
        ledger.take(ends: [3: 50])
        #expect(next(at: 9_999_999) == nil)
        let tail = try job(at: 10_000_000)
        #expect(tail.isOpenEnded && tail.ids.lowerBound == 101)
        ledger.sent(tail, through: 140, nextOffset: 90)
        let rest = try job(at: 10_000_000)
        #expect(rest.ids.lowerBound == 141)
        ledger.close(rest)
        #expect(next(at: 20_000_000) == nil)
        ledger.take(progress(highest: 140, at: 90))
        #expect(next(at: 20_000_000) == nil)
    }

    @Test mutating func aLiveTradeMakesThatQuestionNeedless() {
        ledger.take(progress(highest: 100, at: 50))
        ledger.connected(atMicros: 0)
        ledger.take(ends: [3: 50])
        ledger.live(instrument, 120, atMicros: 1)
        #expect(next(at: 20_000_000) == nil)
        // Its hole comes from the processor.
        ledger.take(progress(highest: 120, holes: [101...119], at: 51))
        ledger.take(ends: [3: 51])
        #expect(next(at: 20_000_000) == 101...119)
    }

    @Test mutating func anAcknowledgedTradeThatTheLogHasLostIsMissing() {
        ledger.take(progress(highest: 100, at: 50))
        ledger.live(instrument, 130, atMicros: 0)
        ledger.findLost(atMicros: HoleLedger.lostAfterMicros)
        #expect(ledger.unknownEnds.isEmpty)
        ledger.findLost(atMicros: HoleLedger.lostAfterMicros + 1)
        ledger.take(ends: [3: 50])
        #expect(next(at: HoleLedger.lostAfterMicros + 1) == 101...130)
    }

    @Test mutating func offsetsOfAnOldLogSayNothing() {
        ledger.take(progress(holes: [10...19], at: 5_000))
        ledger.take(ends: [3: 9_000])
        // The log was made anew: the same hole, and offsets begin again.
        ledger.take(progress(holes: [10...19], at: 7))
        #expect(next() == nil && ledger.unknownEnds == [3])
        ledger.take(ends: [3: 7])
        #expect(next() == 10...19)
    }

    @Test mutating func instrumentsAreServedInTurn() throws {
        ledger.take(progress(holes: [10...19, 30...39], at: 50))
        ledger.take(progress("ETHUSDT", holes: [1...1_000_000], at: 51))
        ledger.take(ends: [3: 51])
        ledger.take(progress("ETHUSDT", holes: [1...1_000_000], at: 51))
        var served: [String] = []
        for _ in 0..<4 { served.append(try job().instrument.key) }
        #expect(served[0] != served[1] && served[0] == served[2] && served[1] == served[3])
        let theirs = ledger.next(atMicros: 0) { _ in false }
        #expect(theirs == nil, "another producer fills them")
    }
}

@Suite struct BackfillProgressTests {
    @Test func aLongOneIsTold() {
        var progress = BackfillProgress()
        #expect(progress.line(open: 1_000, nowMicros: 0, everyMicros: 5_000_000) == nil)
        progress.done += 250
        #expect(progress.line(open: 750, nowMicros: 4_000_000, everyMicros: 5_000_000) == nil)
        let line = progress.line(open: 750, nowMicros: 6_000_000, everyMicros: 5_000_000)
        #expect(line == "backfill: 250 missing trades fetched, 750 to go, about 18 s left")
        progress.done += 750
        let end = progress.line(open: 0, nowMicros: 9_000_000, everyMicros: 5_000_000)
        #expect(end == "backfill: all 1000 missing trades fetched in 9 s")
        #expect(progress.line(open: 0, nowMicros: 9_000_001, everyMicros: 5_000_000) == nil)
    }
}
