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
