import MarketCore
import MarketWire

/// What is known of an instrument at one moment, and where its numbered topics stand then.
struct FeedSnapshot: Sendable {
    /// Trades that a snapshot holds at most, the newest.
    static let tradeLimit = 20

    let symbol: String
    var quote: Quote?
    /// The open candles.
    var open: [CandleRecord] = []
    /// The newest closed candle of each interval, as far as it is known.
    var closed: [CandleRecord] = []
    /// Ascending by id; nil where trades are not asked for.
    var trades: [Trade]?
    var positions: [FeedPosition] = []

    /// The members behind `type`.
    func write(into writer: inout JSONWriter) {
        writer.field("symbol", symbol)
        writer.key("price")
        if let quote {
            writer.beginObject()
            quote.write(into: &writer)
            writer.endObject()
        } else {
            writer.null()
        }
        Self.write("candles", open, into: &writer)
        Self.write("closed_candles", closed, into: &writer)
        if let trades {
            writer.key("trades")
            writer.beginArray()
            for trade in trades { trade.write(into: &writer) }
            writer.endArray()
        }
        writePositions(into: &writer)
    }

    private func writePositions(into writer: inout JSONWriter) {
        writer.key("positions")
        writer.beginObject()
        writer.key("candles")
        writer.beginObject()
        for position in positions {
            guard case .candle(_, let interval) = position.topic else { continue }
            writer.key(interval.description)
            Self.write(position, into: &writer)
        }
        writer.endObject()
        for position in positions {
            guard case .trades = position.topic else { continue }
            writer.key("trades")
            Self.write(position, into: &writer)
        }
        writer.endObject()
    }

    private static func write(_ position: FeedPosition, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("epoch", position.epoch)
        writer.field("seq", position.seq)
        writer.endObject()
    }

    private static func write(_ name: StaticString, _ candles: [CandleRecord], into writer: inout JSONWriter) {
        writer.key(name)
        writer.beginObject()
        for candle in candles {
            writer.key(candle.interval.description)
            writer.raw(candle.encoded())
        }
        writer.endObject()
    }
}

extension Quote {
    /// The members of a price.
    func write(into writer: inout JSONWriter) {
        writer.field("price", price)
        writer.field("trade_id", tradeID)
        writer.field("event_time_us", eventTimeMicros)
    }
}

extension Trade {
    /// A trade as the native interfaces give it.
    func write(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("trade_id", tradeID)
        writer.field("price", price)
        writer.field("quantity", quantity)
        writer.field("taker_side", takerSide == .buy ? "buy" : "sell")
        writer.field("event_time_us", eventTimeMicros)
        writer.field("trade_count", tradeCount)
        writer.field("aggregate_id", aggregateID)
        writer.endObject()
    }
}
