import CRdKafka

/// A member of a consumer group with a thread of its own, on which its handler works.
///
/// Offsets are the handler's affair: nothing is committed or stored by itself, and a log that does not have the
/// asked-for offset is an error,
/// never a jump. Rebalances are cooperative.
public final class KafkaConsumer: Sendable {
    private let core: ConsumerCore

    /// Makes a consumer; it joins the group with ``start(_:)``.
    ///
    /// - Throws: ``KafkaError`` with `.configuration` when a property is refused.
    public init(_ configuration: KafkaConfiguration, options: ConsumerOptions) throws(KafkaError) {
        core = try ConsumerCore(configuration, options: options)
    }

    deinit { core.beginClose(timeoutMillis: 5_000) }

    /// Starts the thread and joins the group. Once.
    public func start(_ handler: some ConsumerHandler) throws(KafkaError) { try core.start(handler) }

    /// Has something done on the consumer's thread, soon, between two batches.
    ///
    /// - Returns: False when it will not be done: the consumer is closed, or 10,000 such wishes wait already.
    @discardableResult
    public func perform(_ work: @escaping @Sendable (borrowing ConsumerControl) -> Void) -> Bool { core.perform(work) }

    /// Tells the group what has been done, and waits for its answer (20 s at most).
    ///
    /// With librdkafka before 2.10 a commit during a rebalance can cost the assignment (it comes again by itself).
    /// - Parameter nextOffsets: For each partition the offset after the last one done.
    /// - Throws: ``KafkaError``: `.fencedOrStale` when the group has moved on.
    public func commit(_ nextOffsets: [TopicPartition: Int64]) async throws(KafkaError) {
        if nextOffsets.isEmpty { return }
        let client = core.client
        try await core.commits.run { () throws(KafkaError) in
            try client.commit(nextOffsets, deadline: Deadline(millis: 20_000))
        }
    }

    /// Asks the broker for the end offsets of partitions, with one request for all of them.
    public func endOffsets(
        of partitions: [TopicPartition], timeoutMillis: Int
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        let deadline = Deadline(millis: timeoutMillis)
        let client = core.client
        return try await core.queries.run { () throws(KafkaError) in
            try client.offsets(of: partitions, at: .end, deadline: deadline)
        }
    }

    /// Asks the broker for the range of offsets a partition's log holds.
    public func watermarks(of partition: TopicPartition, timeoutMillis: Int) async throws(KafkaError) -> OffsetRange {
        let deadline = Deadline(millis: timeoutMillis)
        let client = core.client
        return try await core.queries.run { () throws(KafkaError) in
            try client.watermarks(of: partition, deadline: deadline)
        }
    }

    /// Gives the partitions back (``ConsumerHandler/revoked(_:_:)`` is called), leaves the group and ends the thread.
    ///
    /// Returns at the deadline at the latest; a handler that still blocks then holds its thread until it comes back.
    public func close(timeoutMillis: Int = 10_000) async {
        core.beginClose(timeoutMillis: timeoutMillis)
        _ = await core.ended.wait(timeoutMillis: timeoutMillis)
    }

    /// Whether it works.
    public var state: ConsumerState { core.state }
}
