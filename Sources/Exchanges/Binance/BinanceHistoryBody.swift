import MarketCore
import MarketWire

/// The bodies of `GET /api/v3/historicalTrades` and `GET /api/v3/aggTrades`.
enum BinanceHistoryBody {
    /// - Throws: ``VenueError`` where it is no list of trades.
    static func trades(
        _ body: [UInt8], of instrument: Instrument, receivedTimeMicros: Int64
    ) throws(VenueError) -> [HistoryItem] {
        try items(body) { entry throws(VenueError) in
            let id = try HistoryItem.integer(entry, "id")
            return item(
                entry, instrument, ids: id...id, price: "price", quantity: "qty", time: "time", side: "isBuyerMaker",
                aggregateID: nil, receivedTimeMicros)
        }
    }

    /// - Throws: ``VenueError`` where it is no list of aggregates.
    static func aggregates(
        _ body: [UInt8], of instrument: Instrument, receivedTimeMicros: Int64
    ) throws(VenueError) -> [HistoryItem] {
        try items(body) { entry throws(VenueError) in
            // Binance marks an aggregate that it lost so.
            guard entry["f"]?.integer != -1 else { return nil }
            let (first, last) = (try HistoryItem.integer(entry, "f"), try HistoryItem.integer(entry, "l"))
            guard first <= last, last - first < .max else {
                throw VenueError(.malformedAnswer, "f \(first) and l \(last) are no range of ids")
            }
            return item(
                entry, instrument, ids: first...last, price: "p", quantity: "q", time: "T", side: "m",
                aggregateID: try HistoryItem.integer(entry, "a"), receivedTimeMicros)
        }
    }

    private static func items(
        _ body: [UInt8], _ read: (JSONValue) throws(VenueError) -> HistoryItem?
    ) throws(VenueError) -> [HistoryItem] {
        let entries = try HistoryItem.entries(body)
        var items: [HistoryItem] = []
        items.reserveCapacity(entries.count)
        for entry in entries {
            if let item = try read(entry) { items.append(item) }
        }
        return items
    }

    /// One whose ids are known, and nothing else yet.
    private static func item(
        _ entry: JSONValue, _ instrument: Instrument, ids: ClosedRange<Int64>, price: String, quantity: String,
        time: String, side: String, aggregateID: Int64?, _ receivedTimeMicros: Int64
    ) -> HistoryItem {
        func unusable(_ name: String) -> HistoryItem {
            HistoryItem(
                ids: ids, trade: nil, aggregateID: aggregateID,
                problem: "the venue gives it with an unusable '\(name)'")
        }
        guard let priceValue = entry[price]?.decimal(Price.self), priceValue.raw > 0 else { return unusable(price) }
        guard let quantityValue = entry[quantity]?.decimal(Quantity.self), quantityValue >= .zero else {
            return unusable(quantity)
        }
        guard let timeValue = entry[time]?.integer, let micros = BinanceTime.micros(timeValue) else {
            return unusable(time)
        }
        guard let isBuyerMaker = entry[side]?.isTrue else { return unusable(side) }
        return HistoryItem(
            ids: ids,
            trade: Trade(
                instrument: instrument, tradeID: ids.upperBound, price: priceValue, quantity: quantityValue,
                takerSide: isBuyerMaker ? .sell : .buy, eventTimeMicros: micros,
                receivedTimeMicros: receivedTimeMicros, tradeCount: ids.upperBound - ids.lowerBound + 1,
                aggregateID: aggregateID),
            aggregateID: aggregateID)
    }
}
