import MarketCore

/// What a client can be told about. Instruments are numbered by the board.
enum LiveTopic: Hashable, Sendable {
    /// The latest price.
    case price(Int)
    /// The price with the figures of the day, as `/ws/price` sends it.
    case day(Int)
    /// The candles of an interval: the open one, of which the latest counts, and the closed ones, which all do.
    case candle(Int, Interval)
    /// Every trade.
    case trades(Int)
    /// How the venues and the feed are.
    case status

    /// Which numbering it belongs to; nil where nothing is numbered.
    var numbering: FeedNumbering? {
        switch self {
        case .candle: .candles
        case .trades: .trades
        case .price, .day, .status: nil
        }
    }

    /// The instrument's number, where it is one instrument's.
    var instrument: Int? {
        switch self {
        case .price(let index), .day(let index), .candle(let index, _), .trades(let index): index
        case .status: nil
        }
    }
}

/// What comes from where: candles out of Redis, trades out of Kafka. Each is cut off by itself.
enum FeedNumbering: String, CaseIterable, Sendable {
    case candles
    case trades
}
