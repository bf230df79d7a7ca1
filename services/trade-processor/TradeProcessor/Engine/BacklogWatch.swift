/// Knows whether a backlog is worked on, and notices when it is done.
struct BacklogWatch {
    /// A partition that is further behind than this has a backlog: librdkafka fetches ahead as much as it may.
    static let backlogMessages: Int64 = 20_000
    /// A partition that is no further behind than this has none any more; trades may go on coming in.
    static let caughtUpMessages: Int64 = 2_000

    private var behind: Set<Int32> = []

    /// Whether any of our partitions has a backlog.
    var isBehind: Bool { !behind.isEmpty }

    /// - Parameter lag: how many messages the partition was behind when the broker was asked.
    /// - Returns: whether this was the last one that had a backlog.
    mutating func note(_ lag: Int64, of partition: Int32) -> Bool {
        if lag > Self.backlogMessages {
            behind.insert(partition)
            return false
        }
        guard lag <= Self.caughtUpMessages, behind.remove(partition) != nil else { return false }
        return behind.isEmpty
    }

    /// The partition is not processed here any more: it is nobody's backlog.
    mutating func forget(_ partition: Int32) { behind.remove(partition) }
}
