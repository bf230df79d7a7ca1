import MarketCore
import PostgresClient
import ServiceKit

/// What the engine wants the consumer to do. Collected during a call and carried out after it, in order.
package enum ConsumerAction: Sendable, Hashable {
    /// Fetch from this offset on, whether the partition was held, paused or fetching.
    case start(Int32, offset: Int64)
    /// Fetch nothing; the partition stays ours in the group.
    case hold([Int32])
    case pause([Int32])
    case resume([Int32])
    /// Tell the group how far PostgreSQL is, for lag tools only: nobody starts from it.
    case commit([Int32: Int64])
    /// Leave the group and join it again.
    case rejoin
    /// The partition's outbox is ours to empty. Before it is read, so that no committed row comes first.
    case own(PartitionLease)
    /// The outbox is another owner's, or nobody's.
    case disown(Int32)
}

/// Work that waits for somebody, so that it is not done on the consumer's thread. The answer is an ``EngineEvent``.
package enum EngineJob: Sendable {
    /// Partitions that the group gave at the same time. Each is answered by itself.
    case claim([Int32])
    case commit([PartitionWork])
    case loadHoles(Int32, [NamedHoleRequest])
    /// Ask the broker for the end offsets of partitions that look drained.
    case proveEnds([Int32])
    /// Read what PostgreSQL has of a partition's newest candles and publish it.
    case republish(Int32, symbols: [String], lineage: Int64)
}

package struct NamedHoleRequest: Sendable {
    package let symbol: String
    package let request: HoleRequest
}

package enum EngineEvent: Sendable {
    case claimed(PartitionClaim, LogIdentity)
    case halted(PartitionHalt)
    case committed(CommitResult)
    case holes(Int32, [(HoleRequest, [StoredHole])])
    /// End offsets as they were at some instant not before `askedMicros` (monotonic).
    case ends([Int32: Int64], askedMicros: Int64)
    /// Redis lost what it had of a partition.
    case liveStateLost(Int32)
    /// The topic as it is now.
    case log(LogIdentity)
    /// Where retention stands now: unix seconds by interval.
    case retained([Interval: Int64])
}

/// Bounds of what waits in memory. Full means: partitions are paused until commits catch up.
package struct EngineLimits: Sendable {
    /// Changed rows, quarantined records and the like that wait for a commit, over all partitions.
    package var pausedWeight = 100_000
    /// Below this, partitions go on.
    package var resumedWeight = 20_000
    /// From the start of one commit to the next, so that little comes by itself what comes at nearly the same time.
    package var commitPauseMicros: Int64 = 2_000
    /// The same while a backlog is worked on, which writes rows then and not transactions.
    package var commitBacklogMicros: Int64 = 20_000
    /// Pause between two live updates while a backlog is worked on.
    package var liveBacklogMicros: Int64 = 1_000_000
    /// How old the proof of a drained partition may be.
    package var proofAgeMicros: Int64 = 1_000_000
    /// Pause between two questions for end offsets.
    package var proofPauseMicros: Int64 = 400_000
    /// Pause between two questions for the lag of all partitions.
    package var lagPauseMicros: Int64 = 5_000_000
    /// A partition without anything to commit commits just that so often: another owner, or a database that was
    /// restored to before our last commit, is noticed by a quiet partition, too.
    package var confirmationMicros: Int64 = 10_000_000

    package init() {}
}
