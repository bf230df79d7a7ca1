/// What the steps since the last commit want done. Lives beside a ``PartitionState`` and is emptied by
/// ``PartitionState/takeCommit(_:)``.
public struct Effects: Sendable {
    /// One for each row touched, in the order they were first touched.
    public internal(set) var candleChanges: [CandleChange] = []
    public internal(set) var quarantined: [QuarantinedRecord] = []
    public internal(set) var lateTrades: [LateTrade] = []
    /// Rows to delete from `id_holes`, before the commit's new ones are written.
    public internal(set) var removedHoles: [StoredHoleKey] = []
    public internal(set) var counters = ProcessingCounters()
    /// Where each row's change is in `candleChanges`. Looked up, never iterated: its order is no one's business.
    var changeIndex: [CandleID: Int] = [:]

    public init() {}

    /// How much has come together; a bound on it is a reason to commit.
    public var weight: Int {
        candleChanges.count + quarantined.count + lateTrades.count + removedHoles.count
    }
}
