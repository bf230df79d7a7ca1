/// The logic on a consumer's own thread: every method is called there, one at a time, and may block (within
/// `maxPollIntervalMillis`).
public protocol ConsumerHandler: AnyObject, Sendable {
    /// The group gave this member further partitions.
    ///
    /// - Returns: Which of them to fetch now, and from where. The others are held: this member's in the group, but
    ///   not fetched until
    ///   ``ConsumerControl/start(_:)``.
    func assigned(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) -> [PartitionStart]

    /// The group wants these partitions for another member, who gets them only when this returns: finish and write
    /// what is in memory here.
    func revoked(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl)

    /// These partitions are gone; another member may have them already: drop what is in memory.
    func lost(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl)

    /// Messages came. They die when this returns. None of a partition comes after its ``revoked(_:_:)`` or
    /// ``lost(_:_:)``.
    func consume(_ batch: borrowing MessageBatch, _ control: borrowing ConsumerControl)

    /// Called at least every `tickMillis`, traffic or not.
    func tick(_ control: borrowing ConsumerControl)

    /// Fetching has reached the end of a partition, whose next record will have this offset. Messages of this or a
    /// higher offset may have been
    /// in the batch just before: compare with ``ConsumerControl/position(of:)``.
    func reachedEnd(of partition: TopicPartition, offset: Int64, _ control: borrowing ConsumerControl)

    /// Something went wrong. `.offsetOutOfRange` names the partition, which stands still until
    /// ``ConsumerControl/start(_:)``; after a fatal
    /// error the thread ends; the rest mends itself.
    func failed(_ error: KafkaError, _ control: borrowing ConsumerControl)
}

/// Whether a consumer works.
public enum ConsumerState: Sendable, Equatable {
    /// Not started yet.
    case idle
    case running
    /// A fatal error has ended it.
    case failed(KafkaError)
    case closed
}
