import Testing

@testable import TradeProcessor

@Suite struct BacklogWatchTests {
    @Test func theLastPartitionThatCatchesUpEndsTheBacklog() {
        var watch = BacklogWatch()
        #expect(!watch.note(1_000_000, of: 0) { _ in true })
        #expect(!watch.note(50_000, of: 1) { _ in true })
        #expect(watch.isBehind { _ in true })
        #expect(!watch.note(0, of: 0) { _ in true })
        // On its way, and not there yet.
        #expect(!watch.note(10_000, of: 1) { _ in true })
        #expect(watch.note(1_999, of: 1) { _ in true })
        #expect(!watch.note(0, of: 1) { _ in true }, "told once")
        #expect(!watch.isBehind { _ in true })
    }

    @Test func aFewTradesBehindIsNoBacklog() {
        var watch = BacklogWatch()
        #expect(!watch.note(20_000, of: 0) { _ in true })
        #expect(!watch.note(0, of: 0) { _ in true })
    }

    @Test func aPartitionThatWentAwayIsNotWaitedFor() {
        var watch = BacklogWatch()
        _ = watch.note(30_000, of: 0) { _ in true }
        _ = watch.note(30_000, of: 1) { _ in true }
        #expect(!watch.isBehind { $0 == 2 })
        #expect(watch.note(0, of: 1) { $0 == 1 })
    }
}
