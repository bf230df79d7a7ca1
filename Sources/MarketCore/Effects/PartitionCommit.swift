/// Everything that one commit of one partition writes. Taken by ``PartitionState/takeCommit(_:)``.
public struct PartitionCommit: Sendable {
    /// An instrument's state, as ``PartitionState/restore(_:key:)`` reads it.
    public struct Snapshot: Hashable, Sendable {
        /// Index in the partition's ``InstrumentTable``.
        public var instrument: Int32
        public var bytes: [UInt8]
    }

    /// Counts the commits taken from this state, from 1; given back to ``PartitionState/commitSucceeded(_:)``.
    public var sequence: Int64
    /// The offset to continue at.
    public var nextOffset: Int64
    /// Unix microseconds; nil before the first trade.
    public var watermarkMicros: Int64?
    /// Unix microseconds; nil before the first trade.
    public var maxEventMicros: Int64?
    /// Event time of a trade that is too far ahead to be believed by itself, unix microseconds. May be left out of
    /// storage: the time then moves one record later.
    public var leadMicros: Int64?
    public var candleChanges: [CandleChange]
    public var quarantined: [QuarantinedRecord]
    public var lateTrades: [LateTrade]
    /// Rows to delete from `id_holes`, before `storedHoles` are written.
    public var removedHoles: [StoredHoleKey]
    /// Rows to write to `id_holes`.
    public var storedHoles: [StoredHole]
    /// The instruments that changed.
    public var snapshots: [Snapshot]
    /// Of the same instruments, to be published once this is committed.
    public var progress: [InstrumentProgress]
    /// Since the last commit.
    public var counters: ProcessingCounters
}
