import MarketCore

/// Names a row of `candles`.
package struct CandleRowID: Hashable, Sendable {
    package var key: String
    package var interval: Interval
    /// Unix seconds.
    package var windowStart: Int64

    package init(key: String, interval: Interval, windowStart: Int64) {
        self.key = key
        self.interval = interval
        self.windowStart = windowStart
    }
}

/// What a row of `candles` holds.
package struct CandleRow: Equatable, Sendable {
    package var candle: Candle
    package var holes: Int64
    package var unknown: Bool
    package var revision: Int

    package init(candle: Candle, holes: Int64, unknown: Bool, revision: Int = 1) {
        self.candle = candle
        self.holes = holes
        self.unknown = unknown
        self.revision = revision
    }

    package var missingTrades: Int64? { unknown ? nil : holes }
}
