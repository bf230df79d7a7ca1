import Testing

@testable import TradeProcessor

@Suite struct BacklogWatchTests {
    private func note(_ watch: inout BacklogWatch, _ lag: Int64, of partition: Int32) -> Bool {
        watch.note(lag, of: partition)
    }

    @Test func theLastPartitionThatCatchesUpEndsTheBacklog() {
        var watch = BacklogWatch()
        #expect(!note(&watch, 1_000_000, of: 0))
        #expect(!note(&watch, 50_000, of: 1))
        #expect(watch.isBehind)
        #expect(!note(&watch, 0, of: 0))
        // On its way, and not there yet.
        #expect(!note(&watch, 10_000, of: 1))
        #expect(note(&watch, 1_999, of: 1))
        #expect(!note(&watch, 0, of: 1), "told once")
        #expect(!watch.isBehind)
    }

    @Test func aFewTradesBehindIsNoBacklog() {
        var watch = BacklogWatch()
        #expect(!note(&watch, 20_000, of: 0))
        #expect(!note(&watch, 0, of: 0))
    }

    @Test func aPartitionThatWentAwayIsNotWaitedFor() {
        var watch = BacklogWatch()
        _ = note(&watch, 30_000, of: 0)
        _ = note(&watch, 30_000, of: 1)
        watch.forget(0)
        #expect(watch.isBehind)
        #expect(note(&watch, 0, of: 1))
        #expect(!watch.isBehind)
    }
}
