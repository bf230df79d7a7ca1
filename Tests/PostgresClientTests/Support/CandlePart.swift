import PostgresClient

/// What a commit adds to one candle; and, folded together, what the row must be. Money in units of 1e-8, exact.
struct CandlePart: Hashable, Sendable {
    struct Key: Hashable, Sendable, Comparable {
        var symbol: String
        var interval: String
        var windowStart: Int64

        static func < (left: Key, right: Key) -> Bool {
            (left.symbol, left.interval, left.windowStart) < (right.symbol, right.interval, right.windowStart)
        }
    }

    /// A trade's place in the venue's own order.
    struct Place: Hashable, Sendable, Comparable {
        var generation: Int32
        var id: Int64

        static func < (left: Place, right: Place) -> Bool { (left.generation, left.id) < (right.generation, right.id) }
    }

    struct Trades: Hashable, Sendable {
        var first: Place
        var last: Place
        var open: Int128
        var high: Int128
        var low: Int128
        var close: Int128
        var volume: Int128
        var quoteVolume: Int128
        var count: Int64
        var takerVolume: Int128
        var takerQuoteVolume: Int128
    }

    var key: Key
    var trades: Trades?
    var holeDelta: Int64 = 0
    var unknown: Bool?

    /// What two parts of one candle are together.
    func merged(with other: CandlePart) -> CandlePart {
        var result = self
        result.holeDelta += other.holeDelta
        result.unknown = other.unknown ?? unknown
        switch (trades, other.trades) {
        case (let left?, let right?): result.trades = left.merged(with: right)
        case (nil, let right): result.trades = right
        case (_, nil): break
        }
        return result
    }

    /// `merge_candles` of these parts.
    static func mergeStatement(_ parts: [CandlePart], topicPartition: Int32 = 0) -> PostgresStatement {
        let trades = parts.map(\.trades)
        func money(_ value: (Trades) -> Int128) -> PostgresValue {
            .numerics(trades.map { $0.map { decimalText(value($0)) } })
        }
        return PostgresStatement(
            """
            SELECT * FROM merge_candles(
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
            """,
            [
                .integers(parts.map { _ in topicPartition }), .texts(parts.map(\.key.symbol)),
                .texts(parts.map(\.key.interval)), .bigints(parts.map(\.key.windowStart)),
                money(\.open), money(\.high), money(\.low), money(\.close), money(\.volume), money(\.quoteVolume),
                .bigints(trades.map { $0?.count ?? 0 }), money(\.takerVolume), money(\.takerQuoteVolume),
                .integers(trades.map { $0?.first.generation }), .bigints(trades.map { $0?.first.id }),
                .integers(trades.map { $0?.last.generation }), .bigints(trades.map { $0?.last.id }),
                .bigints(parts.map(\.holeDelta)), .booleans(parts.map(\.unknown)),
            ])
    }

    /// The columns of a row that must not depend on order and grouping, as text.
    var expectedRow: [String?] {
        guard let trades else { return [] }
        return [
            key.symbol, key.interval, "\(key.windowStart)",
            decimalText(trades.open), decimalText(trades.high), decimalText(trades.low), decimalText(trades.close),
            decimalText(trades.volume), decimalText(trades.quoteVolume), "\(trades.count)",
            decimalText(trades.takerVolume), decimalText(trades.takerQuoteVolume),
            "\(trades.first.generation)", "\(trades.first.id)", "\(trades.last.generation)", "\(trades.last.id)",
            unknown == true ? nil : "\(holeDelta)",
        ]
    }

    static let rowColumns = """
        symbol, "interval", window_start, open, high, low, close, volume, quote_volume, trade_count, \
        taker_buy_volume, taker_buy_quote_volume, first_generation, first_trade_id, last_generation, \
        last_trade_id, missing_trades
        """
}

extension CandlePart.Trades {
    func merged(with other: Self) -> Self {
        Self(
            first: min(first, other.first), last: max(last, other.last),
            open: first < other.first ? open : other.open, high: max(high, other.high), low: min(low, other.low),
            close: last > other.last ? close : other.close, volume: volume + other.volume,
            quoteVolume: quoteVolume + other.quoteVolume, count: count + other.count,
            takerVolume: takerVolume + other.takerVolume, takerQuoteVolume: takerQuoteVolume + other.takerQuoteVolume)
    }

    /// A single trade.
    init(place: CandlePart.Place, price: Int128, quantity: Int128, isTakerBuy: Bool) {
        let quote = price * quantity / 100_000_000
        self.init(
            first: place, last: place, open: price, high: price, low: price, close: price, volume: quantity,
            quoteVolume: quote, count: 1, takerVolume: isTakerBuy ? quantity : 0,
            takerQuoteVolume: isTakerBuy ? quote : 0)
    }
}

/// A number of 1e-8 units as canonical decimal text.
func decimalText(_ units: Int128) -> String {
    let digits = String(units.magnitude)
    let padded = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    var fraction = padded.suffix(8)
    while fraction.last == "0" { fraction.removeLast() }
    let text = padded.dropLast(8) + (fraction.isEmpty ? "" : "." + fraction)
    return (units < 0 ? "-" : "") + text
}
