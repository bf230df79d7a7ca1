/// Missing ids of one instrument that are kept in the table `id_holes` and not in memory.
public struct StoredHole: Hashable, Sendable {
    public var key: StoredHoleKey
    /// The last missing id; the first is in `key`.
    public var lastID: Int64
    /// Event time of the nearest trade with a quantity in the run of known ids just before, unix microseconds;
    /// nil where there is none.
    public var beforeMicros: Int64?
    /// The same of the run of known ids just after.
    public var afterMicros: Int64?
    /// Those of the ids that cannot be had, sorted and disjoint.
    public var settled: [ClosedRange<Int64>]

    public init(
        key: StoredHoleKey, lastID: Int64, beforeMicros: Int64?, afterMicros: Int64?, settled: [ClosedRange<Int64>]
    ) {
        self.key = key
        self.lastID = lastID
        self.beforeMicros = beforeMicros
        self.afterMicros = afterMicros
        self.settled = settled
    }

    /// None of its ids can be had.
    public var isSettled: Bool { settled == [key.firstID...lastID] }
}

/// The primary key of `id_holes`.
public struct StoredHoleKey: Hashable, Sendable {
    /// Index in the partition's ``InstrumentTable``.
    public var instrument: Int32
    public var generation: Int32
    /// The first missing id.
    public var firstID: Int64

    public init(instrument: Int32, generation: Int32, firstID: Int64) {
        self.instrument = instrument
        self.generation = generation
        self.firstID = firstID
    }
}
