/// What a handler can ask of its consumer, on the consumer's thread only: it cannot be kept or sent elsewhere.
public struct ConsumerControl: ~Copyable {
    private let loop: ConsumerLoop

    init(_ loop: ConsumerLoop) { self.loop = loop }

    /// The partitions the group has given this member, fetched or held, sorted.
    public var assignment: [TopicPartition] { loop.partitions.keys.sorted() }

    /// Fetches held partitions, or goes on with fetched or paused ones from another offset. What was fetched ahead is
    /// dropped.
    ///
    /// - Throws: ``KafkaError`` with `.invalidArgument` when one of them is not in the assignment.
    public func start(_ starts: [PartitionStart]) throws(KafkaError) { try loop.start(starts) }

    /// Stops fetching and forgets the position; the partitions stay this member's.
    public func stop(_ partitions: [TopicPartition]) throws(KafkaError) {
        try loop.stop(partitions, keepPosition: false)
    }

    /// Stops fetching until ``resume(_:)``; the partitions stay this member's, and ticks go on. What was fetched
    /// ahead is dropped.
    ///
    /// A partition paused before its first message starts again where it was started.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try loop.stop(partitions, keepPosition: true)
    }

    /// Goes on after the last message that was delivered before ``pause(_:)``. Partitions that are not paused are
    /// left alone.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) { try loop.resume(partitions) }

    /// The offset after the last message or end delivered, or nil before the first.
    public func position(of partition: TopicPartition) -> Int64? { loop.position(of: partition) }

    /// The log's range as the last answer of the broker had it; nil before the first. It may be old while the broker
    /// is away.
    public func cachedWatermarks(of partition: TopicPartition) -> OffsetRange? { loop.cachedWatermarks(of: partition) }

    /// Tells the group what has been done, without waiting; a failure comes as ``ConsumerHandler/failed(_:_:)``.
    ///
    /// - Parameter nextOffsets: For each partition the offset after the last one done.
    public func commit(_ nextOffsets: [TopicPartition: Int64]) { loop.commit(nextOffsets) }

    /// Has the handler's tick come as soon as this call is over, and not when it is due.
    public func tickNow() { loop.tickNow() }

    /// Leaves the group and joins it again: ``ConsumerHandler/revoked(_:_:)`` and ``ConsumerHandler/assigned(_:_:)``
    /// follow.
    public func rejoin() throws(KafkaError) { try loop.rejoin() }
}
