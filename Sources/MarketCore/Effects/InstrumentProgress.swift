/// What is known of one instrument's ids, for `market.progress`.
public struct InstrumentProgress: Hashable, Sendable {
    /// Index in the partition's ``InstrumentTable``.
    public var instrument: Int32
    public var generation: Int32
    /// nil after a new generation that has no trade yet.
    public var highestTradeID: Int64?
    /// Event time of the highest id, unix microseconds.
    public var highestEventMicros: Int64?
    /// Missing ids that somebody should fetch, newest first, at most ``ProcessingRules/maxHolesInProgress``. Not among
    /// them: settled ids, and what is missing below the instrument's first seen id.
    public var openHoles: [ClosedRange<Int64>]
    /// There are more, here or in `id_holes`.
    public var hasMoreOpenHoles: Bool

    public init(
        instrument: Int32, generation: Int32, highestTradeID: Int64?, highestEventMicros: Int64?,
        openHoles: [ClosedRange<Int64>], hasMoreOpenHoles: Bool
    ) {
        self.instrument = instrument
        self.generation = generation
        self.highestTradeID = highestTradeID
        self.highestEventMicros = highestEventMicros
        self.openHoles = openHoles
        self.hasMoreOpenHoles = hasMoreOpenHoles
    }
}
