/// The latest of one instrument, before any commit.
public struct LiveUpdate: Hashable, Sendable {
    /// One open candle.
    public struct OpenCandle: Hashable, Sendable {
        public var interval: Interval
        /// Unix seconds.
        public var windowStart: Int64
        public var candle: Candle
        /// Ids known to be missing; nil where it cannot be known.
        public var missingTrades: Int64?

        public init(interval: Interval, windowStart: Int64, candle: Candle, missingTrades: Int64?) {
            self.interval = interval
            self.windowStart = windowStart
            self.candle = candle
            self.missingTrades = missingTrades
        }
    }

    /// Index in the partition's ``InstrumentTable``.
    public var instrument: Int32
    /// Price of the trade with the highest key.
    public var price: Price
    public var key: TradeKey
    /// Unix microseconds.
    public var eventTimeMicros: Int64
    /// The newest open candle of each interval that has one, ascending by interval.
    public var openCandles: [OpenCandle]

    public init(
        instrument: Int32, price: Price, key: TradeKey, eventTimeMicros: Int64, openCandles: [OpenCandle]
    ) {
        self.instrument = instrument
        self.price = price
        self.key = key
        self.eventTimeMicros = eventTimeMicros
        self.openCandles = openCandles
    }
}
