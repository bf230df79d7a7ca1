import MarketCore

/// One stream of one symbol, as a client follows it.
struct Subscription: Hashable, Sendable, Comparable {
    enum Stream: Hashable, Sendable {
        case price
        case trades
        case candles(Interval)
    }

    let symbol: String
    let stream: Stream

    static func all(_ instruments: [Instrument], _ selection: FeedSelection) -> Set<Subscription> {
        var all: Set<Subscription> = []
        for symbol in instruments.map(\.key) {
            if selection.hasPrice { all.insert(Subscription(symbol: symbol, stream: .price)) }
            if selection.hasTrades { all.insert(Subscription(symbol: symbol, stream: .trades)) }
            for interval in selection.intervals {
                all.insert(Subscription(symbol: symbol, stream: .candles(interval)))
            }
        }
        return all
    }

    static func < (left: Subscription, right: Subscription) -> Bool {
        (left.symbol, left.rank) < (right.symbol, right.rank)
    }

    private var rank: Int64 {
        switch stream {
        case .price: 0
        case .trades: 1
        case .candles(let interval): 1 + interval.seconds
        }
    }
}
