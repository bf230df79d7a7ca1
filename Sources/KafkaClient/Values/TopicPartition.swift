/// One partition of one topic.
public struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let topic: String
    /// The partition's number, from 0.
    public let partition: Int32

    public init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }

    public var description: String { "\(topic)[\(partition)]" }
}

/// Where fetching of a partition begins.
public enum StartOffset: Sendable, Hashable {
    /// The first record the log still has.
    case beginning
    /// After the last record; what comes from now on.
    case end
    /// The last so many records (fewer if the log has fewer).
    case tail(Int64)
    /// This offset; outside of the log it is an error (`offsetOutOfRange`), never a silent jump.
    case offset(Int64)
    /// What the group committed last; nothing committed is an error (`offsetOutOfRange`).
    case committed
}

/// A partition and where fetching of it begins.
public struct PartitionStart: Sendable, Hashable {
    public let partition: TopicPartition
    public let start: StartOffset

    public init(_ partition: TopicPartition, at start: StartOffset) {
        self.partition = partition
        self.start = start
    }
}

/// The offsets a partition's log holds: `low ..< high`.
public struct OffsetRange: Sendable, Hashable {
    /// The offset of the first record still kept.
    public let low: Int64
    /// The end offset: that of the next record to come.
    public let high: Int64

    public init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }
}
