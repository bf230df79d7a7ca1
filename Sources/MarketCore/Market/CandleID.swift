/// Names one candle row of a partition.
public struct CandleID: Hashable, Sendable {
    /// The instrument's index in the partition's ``InstrumentTable``.
    public var instrument: Int32
    public var interval: Interval
    /// Start of the window, unix seconds, a multiple of the interval's length.
    public var windowStart: Int64

    @inlinable public init(instrument: Int32, interval: Interval, windowStart: Int64) {
        self.instrument = instrument
        self.interval = interval
        self.windowStart = windowStart
    }

    /// End of the window, unix seconds, excluded.
    public var windowEnd: Int64 { windowStart + interval.seconds }
}
