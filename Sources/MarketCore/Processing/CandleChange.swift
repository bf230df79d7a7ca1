/// What one commit does to one candle row. At most one for each row and commit.
///
/// To be applied as one commutative merge:
/// - `candle` present: insert the row, or merge field by field as ``Candle/merge(_:)`` does.
/// - `candle` nil: update the row if it is there (retention may have dropped it), insert nothing.
/// - `holes` is added to the row's own, `unknown` replaces the row's own unless nil, `revision` rises by 1.
public struct CandleChange: Hashable, Sendable {
    public var id: CandleID
    /// Trades the row has not got yet, or nil.
    public var candle: Candle?
    /// Added to the count of ids known to be missing. May be negative.
    public var holesDelta: Int64
    /// Whether the number of missing trades cannot be known; nil leaves it as it is.
    public var unknown: Bool?
    /// The window closes with this commit.
    public var closes: Bool

    public init(id: CandleID, candle: Candle? = nil, holesDelta: Int64 = 0, unknown: Bool? = nil, closes: Bool = false)
    {
        self.id = id
        self.candle = candle
        self.holesDelta = holesDelta
        self.unknown = unknown
        self.closes = closes
    }
}

/// A record that could not be used; the reader still has its bytes under this offset.
public struct QuarantinedRecord: Hashable, Sendable {
    /// Index in the partition's ``InstrumentTable`` or ``ControlRecord/noInstrument``.
    public var instrument: Int32
    public var offset: Int64
    /// The record's own timestamp, unix microseconds; negative where it has none.
    public var recordTimestampMicros: Int64
    public var reason: QuarantineReason
    /// A sentence with the numbers that led to it.
    public var detail: String

    public init(
        instrument: Int32, offset: Int64, recordTimestampMicros: Int64, reason: QuarantineReason, detail: String
    ) {
        self.instrument = instrument
        self.offset = offset
        self.recordTimestampMicros = recordTimestampMicros
        self.reason = reason
        self.detail = detail
    }
}

/// An accepted trade whose 10 s row retention has dropped: a row of `late_trades`, unique by
/// (instrument, generation, id).
public struct LateTrade: Hashable, Sendable {
    public var generation: Int32
    public var trade: TradeInput

    public init(generation: Int32, trade: TradeInput) {
        self.generation = generation
        self.trade = trade
    }
}
