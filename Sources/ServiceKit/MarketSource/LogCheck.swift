import KafkaClient
import MarketCore

/// Whether the broker's log is the one that the progress in PostgreSQL speaks of, and what to say if not.
package enum LogCheck {
    package enum Outcome: Equatable {
        case same
        /// Another log under the same name, with as many partitions.
        case new
        /// Instruments would change their partition.
        case otherPartitions
    }

    /// - Parameters:
    ///   - known: as in the progress; an empty topic id was written by a library that could not tell.
    ///   - found: as the broker says now.
    package static func compare(known: LogIdentity, found: LogIdentity) -> Outcome {
        if known.partitionCount != found.partitionCount { return .otherPartitions }
        if known.topicID.isEmpty || found.topicID.isEmpty || known.topicID == found.topicID { return .same }
        return .new
    }

    package static func halt(_ partition: Int32, topic: String, known: LogIdentity, found: LogIdentity) -> PartitionHalt
    {
        guard known.partitionCount == found.partitionCount else {
            return PartitionHalt(
                partition: partition,
                reason: """
                    topic \(topic), partition \(partition): expected \(known.partitionCount) partitions, found \
                    \(found.partitionCount). Instruments would change their partition and be counted in two. Make the \
                    topic again with \(known.partitionCount) partitions, then start once with: trade-processor \
                    --on-new-log continue (docs/OPERATIONS.md, "Partitions changed").
                    """)
        }
        return PartitionHalt(
            partition: partition,
            reason: """
                topic \(topic), partition \(partition): expected the log \(known.topicID), found \(found.topicID): the \
                topic was made anew. To go on with the new log, start once with: trade-processor --on-new-log \
                continue; what the old one held and was not processed is then missing until it is backfilled \
                (docs/OPERATIONS.md, "Another log").
                """)
    }

    /// - Parameter range: what the broker's log holds; nil where it was not asked.
    package static func offsetGone(
        _ partition: Int32, topic: String, offset: Int64, range: OffsetRange?
    ) -> PartitionHalt {
        let found = range.map { "a log from \($0.low) to \($0.high)" } ?? "that the broker has not got it"
        return PartitionHalt(
            partition: partition,
            reason: """
                topic \(topic), partition \(partition): expected offset \(offset), found \(found): the log was cut or \
                its retention passed. To go on with what is there, start once with: trade-processor --on-new-log \
                continue; the rest is then missing until it is backfilled (docs/OPERATIONS.md, "Offset out of range").
                """)
    }

    package static func newerState(
        _ partition: Int32, topic: String, instrument: String, version: Int32
    ) -> PartitionHalt {
        PartitionHalt(
            partition: partition,
            reason: """
                topic \(topic), partition \(partition): expected saved states up to version \
                \(PartitionState.snapshotVersion), found version \(version) of \(instrument): a newer trade-processor \
                wrote it. Start that version, or a newer one; nothing was changed \
                (docs/OPERATIONS.md, "Snapshot of a newer version").
                """)
    }

    package static func damagedState(_ partition: Int32, topic: String, instrument: String, cause: SnapshotError)
        -> PartitionHalt
    {
        if case .unsupportedVersion(let found, _) = cause {
            return newerState(partition, topic: topic, instrument: instrument, version: Int32(found))
        }
        return PartitionHalt(
            partition: partition,
            reason: """
                topic \(topic), partition \(partition): expected a readable saved state of \(instrument), found \
                \(cause). Restore PostgreSQL from a backup; nothing was changed \
                (docs/OPERATIONS.md, "Damaged snapshot").
                """)
    }
}

/// Why a partition stands still until a person decides. The process stays up, `/ready` says it.
package struct PartitionHalt: Sendable, Hashable {
    package let partition: Int32
    /// What was expected, what was found, and the way out, in one or two sentences.
    package let reason: String

    package init(partition: Int32, reason: String) {
        self.partition = partition
        self.reason = reason
    }
}
