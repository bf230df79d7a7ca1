import Exchanges
import MarketCore

extension BinanceRoutes {
    /// `trades` and `historicalTrades`: as far back as trades are kept. Where the venue gives aggregates only, each
    /// stands for its last trade.
    func recentTrades(_ query: BinanceQuery, _ unit: BinanceTimeUnit) throws(BinanceErrorBody) -> [UInt8] {
        let instrument = try instrument(query.symbol())
        let limit = try query.limit(default: 500, max: 1_000)
        let found: [Trade] =
            if let from = try query.integer("fromId") {
                trades.page(instrument, fromID: from, limit: limit)
            } else {
                trades.newest(instrument, limit: limit)
            }
        try requireTrades(found)
        return BinanceBodies.trades(found.map { BinanceTrade($0) }, unit)
    }

    /// `aggTrades`: a trade that is no aggregate is one of itself.
    func aggregates(_ query: BinanceQuery, _ unit: BinanceTimeUnit) throws(BinanceErrorBody) -> [UInt8] {
        let instrument = try instrument(query.symbol())
        let limit = try query.limit(default: 500, max: 1_000)
        let (start, end) = (try query.time("startTime"), try query.time("endTime"))
        let from = try query.integer("fromId")
        guard from == nil || (start == nil && end == nil) else { throw .invalidCombination }
        if let start, let end, start > end { throw .notValid("startTime") }
        let kept = trades.newest(instrument, limit: .max).map { BinanceTrade(aggregate: $0) }
        try requireTrades(kept)
        // `endTime` counts to the end of its millisecond.
        let through = end.map { $0 + 999 } ?? .max
        let found = kept.filter { aggregate in
            aggregate.id >= from ?? .min && aggregate.timeMicros >= start ?? .min && aggregate.timeMicros <= through
        }
        // The oldest from a beginning on, else the newest.
        let page = from != nil || start != nil ? found.prefix(limit) : found.suffix(limit)
        return BinanceBodies.aggregates(Array(page), unit)
    }

    private func requireTrades(_ found: some Collection) throws(BinanceErrorBody) {
        guard found.isEmpty, trades.state != .following else { return }
        throw .unavailable("Recent trades cannot be read now. Klines and prices go on. Try again in a moment.")
    }
}

extension BinanceTrade {
    init(_ trade: Trade) {
        self.init(
            id: trade.tradeID, firstTradeID: trade.firstTradeID, lastTradeID: trade.tradeID, price: trade.price,
            quantity: trade.quantity, timeMicros: trade.eventTimeMicros, isBuyerMaker: trade.takerSide == .sell)
    }

    init(aggregate trade: Trade) {
        self.init(trade)
        if let aggregateID = trade.aggregateID { id = aggregateID }
    }
}
