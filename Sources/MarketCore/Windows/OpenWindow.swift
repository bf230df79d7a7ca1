/// A time that is not there. Smaller than any event time.
let noTime = Int64.min

/// What an open window of one instrument has taken in so far.
///
/// Of a longer interval this is not the whole candle: what its open shorter windows hold is added when they close.
struct OpenWindow: Equatable {
    /// Index into ``ProcessingRules/intervals``; 0 is the base.
    var level: Int
    /// Unix microseconds.
    var startMicros: Int64
    /// nil as long as only holes are known of it.
    var candle: Candle?
    /// Ids known to be missing, counted for this interval.
    var holes: Int64 = 0

    /// Takes in trades.
    ///
    /// - Returns: false on overflow; nothing is then changed.
    mutating func merge(_ other: Candle) -> Bool {
        guard candle != nil else {
            candle = other
            return true
        }
        return candle?.merge(other) ?? false
    }
}

/// The base window that an instrument's trades fall into now, laid out for the common case.
struct HotWindow {
    /// Unix microseconds; with no window, no time lies between the two.
    var startMicros = Int64.max
    var endMicros = Int64.min
    var holes: Int64 = 0
    /// Counts only where `tradeCount` is above 0.
    var candle = HotWindow.noCandle

    static let noCandle = Candle(
        open: Price(raw: 0), high: Price(raw: 0), low: Price(raw: 0), close: Price(raw: 0), volume: .zero,
        takerBuyVolume: .zero, quoteVolume: .zero, takerBuyQuoteVolume: .zero, tradeCount: 0,
        first: TradeKey(generation: 0, id: 0), last: TradeKey(generation: 0, id: 0))

    init() {}

    init(_ window: OpenWindow, lengthMicros: Int64) {
        startMicros = window.startMicros
        endMicros = window.startMicros + lengthMicros
        holes = window.holes
        candle = window.candle ?? Self.noCandle
    }

    var isOpen: Bool { endMicros != Int64.min }

    /// The same in the form all other windows have, or nil without a window.
    var window: OpenWindow? {
        guard isOpen else { return nil }
        return OpenWindow(
            level: 0, startMicros: startMicros, candle: candle.tradeCount > 0 ? candle : nil, holes: holes)
    }
}
