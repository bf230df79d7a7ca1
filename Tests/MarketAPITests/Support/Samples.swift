import MarketCore
import MarketWire
import NIOCore

@testable import MarketAPI
@testable import WebSockets

/// Candles, prices and instruments of tests.
enum Sample {
    static func instrument(_ key: String) throws -> Instrument { try Instrument(key: key) }

    static func price(_ text: String) throws -> Price { try Price(parsing: Array(text.utf8)) }

    /// A 10 s candle of BTCUSDT.
    static func candle(
        _ windowStart: Int64, isClosed: Bool = true, revision: Int64 = 1, tradeCount: Int64 = 3, close: String? = nil
    ) throws -> CandleRecord {
        try candle(
            "BTCUSDT", .tenSeconds, windowStart, isClosed: isClosed, revision: revision, tradeCount: tradeCount,
            close: close)
    }

    /// A candle whose figures follow from its window, so that two of different windows are never equal.
    static func candle(
        _ symbol: String, _ interval: Interval, _ windowStart: Int64,
        isClosed: Bool = true, revision: Int64 = 1, tradeCount: Int64 = 3, close: String? = nil
    ) throws -> CandleRecord {
        let open = Price(raw: 6_700_000_000_000 + windowStart % 1_000_000)
        let last = try close.map(price) ?? Price(raw: open.raw + 25)
        return CandleRecord(
            symbol: symbol, interval: interval, windowStart: windowStart, open: open,
            high: Price(raw: max(open.raw, last.raw) + 5), low: Price(raw: min(open.raw, last.raw) - 5), close: last,
            volume: Quantity(raw: 123_456_789 + Int128(windowStart % 977)), quoteVolume: QuoteAmount(raw: 987_654_321),
            tradeCount: tradeCount, takerBuyVolume: Quantity(raw: 23_456_789),
            takerBuyQuoteVolume: QuoteAmount(raw: 87_654_321), firstTradeID: windowStart, lastTradeID: windowStart + 2,
            missingTrades: windowStart.isMultiple(of: 70) ? nil : 0, revision: revision, isClosed: isClosed)
    }

    /// A trade whose figures follow from its id; `seconds` after a fixed instant, by default at it.
    static func trade(
        _ id: Int64, symbol: String = "BTCUSDT", count: Int64 = 1, aggregate: Int64? = nil, seconds: Int64 = 0
    ) throws -> Trade {
        let micros = 1_700_000_000_000_000 + seconds * 1_000_000
        return Trade(
            instrument: try instrument(symbol), tradeID: id, price: Price(raw: 6_700_000_000_000 + id * 1_000_000),
            quantity: Quantity(raw: 100_000 * (1 + Int128(id % 7))), takerSide: id.isMultiple(of: 2) ? .buy : .sell,
            eventTimeMicros: micros, receivedTimeMicros: micros + 20_000, tradeCount: count, aggregateID: aggregate)
    }

    static func update(
        _ symbol: String = "BTCUSDT", price text: String, tradeID: Int64, eventTimeMicros: Int64? = nil,
        candles: [CandleRecord] = []
    ) throws -> LiveUpdateRecord {
        LiveUpdateRecord(
            symbol: symbol, price: try price(text), tradeID: tradeID,
            eventTimeMicros: eventTimeMicros ?? 1_700_000_000_000_000 + tradeID, candles: candles)
    }
}

extension WebSocketFrameBytes {
    /// The frame as a server sends it, header included.
    var sent: String { String(decoding: Array(buffer: encoded), as: UTF8.self) }
}

extension FeedMessage {
    /// The JSON text.
    var text: String { frame.payloads.map { String(buffer: $0) }.joined() }
}
