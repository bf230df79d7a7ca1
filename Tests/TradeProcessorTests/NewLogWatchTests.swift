import ServiceKit
import Testing

@testable import TradeProcessor

@Suite struct NewLogWatchTests {
    private func log(_ id: String) -> LogIdentity { LogIdentity(topicID: id, partitionCount: 4) }

    @Test func onlyAnotherLogIsLookedAfter() {
        var watch = NewLogWatch()
        for (now, id) in [(0, "a"), (1, "a"), (2, ""), (3, "a")] as [(Int64, String)] {
            watch.see(log(id), nowMicros: now, pauseMicros: 10)
            let isDue = watch.isDue(nowMicros: now + 1_000, pauseMicros: 10)
            #expect(!isDue, "\(id) at \(now)")
        }
    }

    @Test func itIsLookedAfterThreeTimesAndNotAtOnce() {
        var watch = NewLogWatch()
        watch.see(log("a"), nowMicros: 0, pauseMicros: 10)
        watch.see(log("b"), nowMicros: 100, pauseMicros: 10)
        let due = (100...160).filter { watch.isDue(nowMicros: $0, pauseMicros: 10) }
        #expect(due == [110, 120, 130])
        watch.see(log("c"), nowMicros: 200, pauseMicros: 10)
        let again = (200...260).filter { watch.isDue(nowMicros: $0, pauseMicros: 10) }
        #expect(again == [210, 220, 230])
    }
}
