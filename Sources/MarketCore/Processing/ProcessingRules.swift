/// The numbers by which a partition is processed. All bounds of its memory are here.
public struct ProcessingRules: Hashable, Sendable {
    /// The intervals to keep candles of, ascending; the base of 10 s is always among them.
    public let intervals: [Interval]
    /// How far the watermark stays behind the largest event time.
    public var outOfOrdernessMicros: Int64 = 2_000_000
    /// A trade further ahead of its record's time is quarantined.
    public var maxFutureMicros: Int64 = 7_200_000_000
    /// A trade further ahead of the partition's time moves it only when a later one reaches it.
    public var maxLeadMicros: Int64 = 60_000_000
    /// A known id with a time later than the highest's by more than this is a restarted numbering.
    public var idRestartMicros: Int64 = 60_000_000
    /// Ids that may be skipped at once ...
    public var idJumpLimit: Int64 = 10_000_000
    /// ... and the number added for each second of event time since the highest id.
    public var idJumpPerSecond: Int64 = 10_000
    /// Trades that one aggregate may stand for.
    public var maxTradesPerAggregate: Int64 = 1_000_000
    /// Instruments of one partition; of a further one the records are quarantined.
    public var maxInstruments: Int = 20_000
    /// Holes of one instrument that stay in memory after a commit; the oldest beyond it move to `id_holes`.
    public var maxHolesInMemory: Int = 32
    /// Open windows of one instrument, of all intervals; the furthest ahead beyond it are merged into their rows early.
    public var maxOpenWindows: Int = 24
    /// Open holes of one instrument that ``InstrumentProgress`` names.
    public var maxHolesInProgress: Int = 16
    /// Bytes of one instrument's snapshot; more holes move to `id_holes` to hold it.
    public var maxSnapshotBytes: Int = 1_900

    /// - Parameter intervals: in any order; the base of 10 s is added if it is not among them.
    public init(intervals: some Sequence<Interval> = Interval.allCases) {
        self.intervals = Set(intervals).union([Interval.base]).sorted()
    }
}
