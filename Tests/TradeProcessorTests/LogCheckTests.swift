import Testing

@testable import TradeProcessor

@Suite struct LogCheckTests {
    private func log(_ id: String, _ partitions: Int32 = 12) -> LogIdentity {
        LogIdentity(topicID: id, partitionCount: partitions)
    }

    @Test func theTopicsIDTellsLogsApart() {
        #expect(LogCheck.compare(known: log("a"), found: log("a")) == .same)
        #expect(LogCheck.compare(known: log("a"), found: log("b")) == .new)
        #expect(LogCheck.compare(known: log("a"), found: log("b", 24)) == .otherPartitions)
        #expect(LogCheck.compare(known: log("a"), found: log("a", 24)) == .otherPartitions)
    }

    @Test func aLibraryThatCannotTellIsNoNewLog() {
        #expect(LogCheck.compare(known: log(""), found: log("b")) == .same)
        #expect(LogCheck.compare(known: log("a"), found: log("")) == .same)
    }

    @Test func aHaltNamesWhatWasExpectedWhatWasFoundAndTheWayOut() {
        let halts = [
            LogCheck.halt(3, topic: "trades", known: log("aaa"), found: log("bbb")),
            LogCheck.halt(3, topic: "trades", known: log("aaa"), found: log("aaa", 24)),
            LogCheck.offsetGone(3, topic: "trades", offset: 4_711),
        ]
        let expected = [["aaa", "bbb", "ON_NEW_LOG"], ["12", "24"], ["4711", "ON_NEW_LOG"]]
        for (halt, words) in zip(halts, expected) {
            for word in words + ["partition 3", "OPERATIONS.md"] {
                #expect(halt.reason.contains(word), "\(word) is missing in: \(halt.reason)")
            }
        }
    }
}
