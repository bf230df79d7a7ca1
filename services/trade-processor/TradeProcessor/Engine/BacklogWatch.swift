/// Knows whether a backlog is worked on, and notices when it is done.
struct BacklogWatch {
    /// A partition that is further behind than this has a backlog: librdkafka fetches ahead as much as it may.
    static let backlogMessages: Int64 = 20_000
    /// A partition that is no further behind than this has none any more; trades may go on coming in.
    static let caughtUpMessages: Int64 = 2_000

    private var behind: Set<Int32> = []

    /// Whether any of our partitions has a backlog.
    func isBehind(isOurs: (Int32) -> Bool) -> Bool { behind.contains(where: isOurs) }

    /// - Parameters:
    ///   - lag: how many messages the partition was behind when the broker was asked.
    ///   - isOurs: whether a partition is still processed here; one that went away is nobody's backlog.
    /// - Returns: whether this was the last one that had a backlog.
    mutating func note(_ lag: Int64, of partition: Int32, isOurs: (Int32) -> Bool) -> Bool {
        if lag > Self.backlogMessages {
            behind.insert(partition)
            return false
        }
        guard lag <= Self.caughtUpMessages, behind.remove(partition) != nil else { return false }
        return !behind.contains(where: isOurs)
    }
}
