/// Whether the broker's log is the one that the progress in PostgreSQL speaks of, and what to say if not.
enum LogCheck {
    enum Outcome: Equatable {
        case same
        /// Another log under the same name, with as many partitions.
        case new
        /// Instruments would change their partition.
        case otherPartitions
    }

    /// - Parameters:
    ///   - known: as in the progress; an empty topic id was written by a library that could not tell.
    ///   - found: as the broker says now.
    static func compare(known: LogIdentity, found: LogIdentity) -> Outcome {
        if known.partitionCount != found.partitionCount { return .otherPartitions }
        if known.topicID.isEmpty || found.topicID.isEmpty || known.topicID == found.topicID { return .same }
        return .new
    }

    static func halt(_ partition: Int32, topic: String, known: LogIdentity, found: LogIdentity) -> PartitionHalt {
        guard known.partitionCount == found.partitionCount else {
            return PartitionHalt(
                partition: partition,
                reason: """
                    topic \(topic), partition \(partition): expected \(known.partitionCount) partitions, found \
                    \(found.partitionCount). Instruments would change their partition and be counted in two. Make the \
                    topic again with \(known.partitionCount) partitions (docs/OPERATIONS.md, "Partitions changed").
                    """)
        }
        return PartitionHalt(
            partition: partition,
            reason: """
                topic \(topic), partition \(partition): expected the log \(known.topicID), found \(found.topicID): the \
                topic was made anew. Start with ON_NEW_LOG=continue to go on with the new log; what the old one held \
                is then missing until it is backfilled (docs/OPERATIONS.md, "Another log").
                """)
    }

    static func offsetGone(_ partition: Int32, topic: String, offset: Int64) -> PartitionHalt {
        PartitionHalt(
            partition: partition,
            reason: """
                topic \(topic), partition \(partition): expected offset \(offset), which the broker has not got: the \
                log was cut or its retention passed. Start with ON_NEW_LOG=continue to go on with what is there; the \
                rest is then missing until it is backfilled (docs/OPERATIONS.md, "Offset out of range").
                """)
    }
}
