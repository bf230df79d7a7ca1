import KafkaClient
import ServiceKit

/// What a claim of a partition leads to: whether its progress and the log belong together.
package enum ClaimDecision: Equatable {
    /// Go on where the progress says.
    case proceed
    /// Go on at this offset, in a lineage above all that was used: revisions and commit numbers of before mean nothing
    /// any more. After a restore PostgreSQL itself may not know how far lineages had come.
    case startLineage(nextOffset: Int64, above: Int64, why: String)
    case halt(PartitionHalt)

    /// - Parameters:
    ///   - claim: what PostgreSQL has.
    ///   - found: the topic as the broker has it now.
    ///   - offsets: the log's first offset and its end.
    ///   - inRedis: the last commit that Redis knows of; nil where it does not answer.
    package init(
        _ claim: PartitionClaim, found: LogIdentity, offsets: ClosedRange<Int64>, inRedis: LiveMailbox.Sentinel?,
        _ topic: String,
        _ policy: NewLogPolicy
    ) {
        let partition = claim.lease.partition
        let here = LiveMailbox.Sentinel(lineage: claim.lease.lineage, commitSequence: claim.lease.commitSequence)
        let above = max(here.lineage, inRedis?.lineage ?? 0)
        let known = LogIdentity(topicID: claim.topicID, partitionCount: claim.partitionCount)
        switch LogCheck.compare(known: known, found: found) {
        case .otherPartitions:
            self = .halt(LogCheck.halt(partition, topic: topic, known: known, found: found))
        case .new where policy == .halt:
            self = .halt(LogCheck.halt(partition, topic: topic, known: known, found: found))
        case .new:
            self = .startLineage(nextOffset: offsets.lowerBound, above: above, why: "the topic was made anew")
        case .same where !offsets.contains(claim.nextOffset):
            guard policy == .continue else {
                self = .halt(
                    LogCheck.offsetGone(
                        partition, topic: topic, offset: claim.nextOffset,
                        range: OffsetRange(low: offsets.lowerBound, high: offsets.upperBound)))
                return
            }
            self = .startLineage(
                nextOffset: offsets.lowerBound, above: above,
                why: "the log has offsets \(offsets.lowerBound) to \(offsets.upperBound), not \(claim.nextOffset)")
        case .same:
            self =
                inRedis.map { here < $0 } ?? false
                ? .startLineage(
                    nextOffset: claim.nextOffset, above: above,
                    why: "redis knows later commits than PostgreSQL, which was restored")
                : .proceed
        }
    }
}
