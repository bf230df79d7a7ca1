import ServiceKit
import SimulatedMarket
import TradeProcessor

/// The topic `trades` with all the logs it ever had.
final class SimulatedTopic {
    struct Entry {
        let record: LogRecord
        let appendedAtMicros: Int64
    }

    /// One partition of one log. What retention deleted stays here for the verdict.
    struct Log {
        var entries: [Entry] = []
        /// The first offset that can be read.
        var first: Int64 = 0
        var end: Int64 { Int64(entries.count) }
    }

    let partitions: Int32
    /// By the topic's number, then by partition.
    private(set) var logs: [[Log]]
    var isDown = false

    init(partitions: Int32) {
        self.partitions = partitions
        logs = [Array(repeating: Log(), count: Int(partitions))]
    }

    /// The number of the topic that stands under the name now.
    var current: Int { logs.count - 1 }

    var identity: LogIdentity { LogIdentity(topicID: Self.id(current), partitionCount: partitions) }

    static func id(_ number: Int) -> String { "topic-\(number)" }

    static func number(_ id: String) -> Int { Int(id.dropFirst(6)) ?? 0 }

    func log(_ partition: Int32) -> Log { logs[current][Int(partition)] }

    func log(_ partition: Int32, of number: Int) -> Log { logs[number][Int(partition)] }

    func append(_ record: LogRecord, to partition: Int32, nowMicros: Int64) {
        logs[current][Int(partition)].entries.append(Entry(record: record, appendedAtMicros: nowMicros))
    }

    func makeAnew() { logs.append(Array(repeating: Log(), count: Int(partitions))) }

    func cut(_ partition: Int32, to first: Int64) {
        logs[current][Int(partition)].first = max(logs[current][Int(partition)].first, first)
    }
}
