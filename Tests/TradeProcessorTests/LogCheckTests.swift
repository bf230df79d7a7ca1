import KafkaClient
import MarketCore
import ServiceKit
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
            LogCheck.offsetGone(3, topic: "trades", offset: 4_711, range: OffsetRange(low: 5_000, high: 6_000)),
            LogCheck.newerState(3, topic: "trades", instrument: "BTCUSDT", version: 99),
            LogCheck.damagedState(
                3, topic: "trades", instrument: "BTCUSDT", cause: .malformed(atByte: 17, expected: "a time")),
        ]
        let wayOut = "trade-processor --on-new-log continue"
        let expected = [
            ["aaa", "bbb", wayOut], ["12", "24", wayOut], ["4711", "5000", "6000", wayOut],
            ["99", "BTCUSDT", "Start that version"], ["BTCUSDT", "byte 17", "backup"],
        ]
        for (halt, words) in zip(halts, expected) {
            for word in words + ["partition 3", "OPERATIONS.md"] {
                #expect(halt.reason.contains(word), "\(word) is missing in: \(halt.reason)")
            }
        }
    }
}
