/// An instrument's state as it is stored: independent of the configured intervals and of any index.
package struct InstrumentSnapshot: Equatable {
    /// An open window; its interval may be configured no longer.
    struct Window: Equatable {
        var interval: Interval
        var startMicros: Int64
        var candle: Candle?
        var holes: Int64
    }

    /// The newest format this program knows. Rises with every change that an older program would misread.
    static let version: UInt8 = 1

    package var ids = IDLedger()
    var earliestMicros = Int64.max
    var latestPrice = Price(raw: 0)
    var latestKey = TradeKey(generation: 0, id: 0)
    var latestEventMicros = noTime
    var hasFlushedEarly = false
    var largeVolume: Int128 = 0
    var largeQuoteVolume: Int128 = 0
    /// The configured intervals, ascending, each with the time from which on its windows are complete.
    var intervals: [(interval: Interval, sinceMicros: Int64)] = []
    /// Shorter ones first, then by time.
    var windows: [Window] = []

    package static func == (left: InstrumentSnapshot, right: InstrumentSnapshot) -> Bool { left.bytes == right.bytes }
}
