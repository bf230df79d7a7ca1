/// The venue's own order of one instrument's trades: by numbering, then by id.
public struct TradeKey: Hashable, Comparable, Sendable {
    /// Counts the times the venue began its numbering anew; 0 at first.
    public var generation: Int32
    /// The venue's number of the trade, 0 or more.
    public var id: Int64

    @inlinable public init(generation: Int32, id: Int64) {
        self.generation = generation
        self.id = id
    }

    @inlinable public static func < (left: TradeKey, right: TradeKey) -> Bool {
        left.generation == right.generation ? left.id < right.id : left.generation < right.generation
    }
}
