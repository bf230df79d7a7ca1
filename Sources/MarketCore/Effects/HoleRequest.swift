/// Asks for rows of `id_holes`, to be given to ``PartitionState/load(_:for:into:)``.
public struct HoleRequest: Hashable, Sendable {
    public enum Selection: Hashable, Sendable {
        /// Every hole that shares an id with the range.
        case around
        /// The newest ones (highest first id) inside the range that are not settled, at most `limit`.
        case newestOpen(limit: Int)
    }

    /// Index in the partition's ``InstrumentTable``.
    public var instrument: Int32
    public var generation: Int32
    public var ids: ClosedRange<Int64>
    public var selection: Selection

    public init(instrument: Int32, generation: Int32, ids: ClosedRange<Int64>, selection: Selection) {
        self.instrument = instrument
        self.generation = generation
        self.ids = ids
        self.selection = selection
    }
}
