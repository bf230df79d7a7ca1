/// What happened to the records, in numbers that only rise until they are taken.
public struct ProcessingCounters: Hashable, Sendable {
    /// Trade records taken in, those with quantity 0 included.
    public var accepted: Int64 = 0
    /// Trade records whose every id was known.
    public var duplicates: Int64 = 0
    /// Accepted after the 10 s window of their time had closed.
    public var late: Int64 = 0
    /// Late beyond the retention horizon of the 10 s candles.
    public var beyondRetention: Int64 = 0
    /// Accepted with quantity 0.
    public var zeroQuantity: Int64 = 0
    /// Records below the next offset: read twice after a restart.
    public var replayed: Int64 = 0
    /// Windows closed, of all intervals.
    public var windowsClosed: Int64 = 0
    /// Windows merged into their rows before they closed, because an instrument had too many open.
    public var windowsFlushedEarly: Int64 = 0
    /// Ids found to be missing, and missing ids that came.
    public var idsFoundMissing: Int64 = 0
    public var idsFilled: Int64 = 0
    /// Holes moved to `id_holes`, and back.
    public var holesSpilled: Int64 = 0
    public var holesLoaded: Int64 = 0
    /// Sums that would have left the range of exact numbers. Not reachable by trades that pass the checks.
    public var overflows: Int64 = 0
    private var quarantinedByReason: [Int64] = .init(repeating: 0, count: QuarantineReason.allCases.count)

    public init() {}

    /// Records quarantined for a reason.
    public subscript(reason: QuarantineReason) -> Int64 {
        get { quarantinedByReason[reason.ordinal] }
        set { quarantinedByReason[reason.ordinal] = newValue }
    }

    /// Records quarantined for any reason.
    public var quarantined: Int64 { quarantinedByReason.reduce(0, +) }
}

extension QuarantineReason {
    /// Its place among all cases.
    fileprivate var ordinal: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
