import MarketCore

/// Where the next page begins: `<direction>.<window start>.<interval>.<symbol>`.
///
/// It names what it belongs to, so that one taken from another request is refused and not answered wrongly.
struct CandleCursor: Hashable, Sendable, CustomStringConvertible {
    enum Direction: String, Sendable {
        /// Towards newer candles: from `position` on.
        case forward = "f"
        /// Towards older candles: before `position`.
        case backward = "b"
    }

    let direction: Direction
    /// Unix seconds.
    let position: Int64
    let interval: Interval
    /// The instrument's key text.
    let symbol: String

    var description: String { "\(direction.rawValue).\(position).\(interval).\(symbol)" }

    init(direction: Direction, position: Int64, interval: Interval, symbol: String) {
        self.direction = direction
        self.position = position
        self.interval = interval
        self.symbol = symbol
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let direction = Direction(rawValue: String(parts[0])),
            let position = Int64(parts[1]), (0...QueryReader.lastUnixSecond + 1).contains(position),
            let interval = Interval(String(parts[2]))
        else { return nil }
        self.init(direction: direction, position: position, interval: interval, symbol: String(parts[3]))
    }
}
