import MarketCore

/// What a client can be told about. Instruments are numbered by the board.
enum LiveTopic: Hashable, Sendable {
    /// The latest price.
    case price(Int)
    /// The price with the figures of the day, as `/ws/price` sends it.
    case day(Int)
    /// The open candle of an interval.
    case candle(Int, Interval)
    /// How the venues and the feed are.
    case status
}

/// One closed candle on its way to a client; a later revision takes its place.
struct ClosedCandleKey: Hashable, Sendable {
    let instrument: Int
    let interval: Interval
    let windowStart: Int64
}
