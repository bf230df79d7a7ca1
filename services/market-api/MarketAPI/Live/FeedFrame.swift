import MarketCore
import MarketWire
import WebSockets

/// The text of every message that the API sends to those who follow. schemas/asyncapi.yaml describes them.
enum FeedFrame {
    static func price(symbol: String, _ quote: Quote) -> FeedMessage {
        var message = message(.price) { writer in
            writer.field("symbol", symbol)
            quote.write(into: &writer)
        }
        message.eventTimeMicros = quote.eventTimeMicros
        return message
    }

    /// - Parameter position: of a closed candle; nil of an open one, which is not numbered.
    static func candle(_ candle: CandleRecord, at position: FeedPosition? = nil) -> FeedMessage {
        message(.candle, at: position) { writer in
            writer.key("candle")
            writer.raw(candle.encoded())
        }
    }

    static func trade(_ trade: Trade, at position: FeedPosition) -> FeedMessage {
        var message = message(.trade, at: position) { writer in
            writer.field("symbol", trade.instrument.key)
            writer.key("trade")
            trade.write(into: &writer)
        }
        message.eventTimeMicros = trade.eventTimeMicros
        return message
    }

    /// All that is known of an instrument when its subscription starts, or starts anew.
    static func snapshot(_ snapshot: FeedSnapshot) -> FeedMessage {
        var message = message(.snapshot) { snapshot.write(into: &$0) }
        message.positions = snapshot.positions
        return message
    }

    /// One message of `/ws/price`; figures of the day are null until the day's candle is known.
    static func day(symbol: String, _ quote: Quote, day: CandleRecord?) -> FeedMessage {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("symbol", symbol)
        writer.field("price", quote.price)
        write("open", day?.open, into: &writer)
        write("high", day?.high, into: &writer)
        write("low", day?.low, into: &writer)
        write("close", day?.close, into: &writer)
        write("volume", day?.volume, into: &writer)
        let change = day.flatMap { Price(scaledValue: quote.price.scaledValue - $0.open.scaledValue) }
        write("change", change, into: &writer)
        writer.key("change_percent")
        if let day, let percent = Percent.change(from: day.open, to: quote.price) {
            writer.string(percent)
        } else {
            writer.null()
        }
        writer.field("window_start", day?.windowStart)
        writer.field("timestamp", quote.eventTimeMicros / 1_000_000)
        writer.field("event_time_us", quote.eventTimeMicros)
        writer.field("trade_id", quote.tradeID)
        writer.endObject()
        return FeedMessage(kind: .day, frame: .text(writer.bytes))
    }

    /// All that a client follows now.
    static func subscribed(id: Int64?, _ subscriptions: Set<Subscription>) -> FeedMessage {
        let sorted = subscriptions.sorted()
        return message(.subscribed) { writer in
            if let id { writer.field("id", id) }
            writer.key("prices")
            writer.beginArray()
            for subscription in sorted where subscription.stream == .price { writer.string(subscription.symbol) }
            writer.endArray()
            writer.key("candles")
            writer.beginArray()
            for subscription in sorted {
                guard case .candles(let interval) = subscription.stream else { continue }
                writer.beginObject()
                writer.field("symbol", subscription.symbol)
                writer.field("interval", interval.description)
                writer.endObject()
            }
            writer.endArray()
            writer.key("trades")
            writer.beginArray()
            for subscription in sorted where subscription.stream == .trades { writer.string(subscription.symbol) }
            writer.endArray()
        }
    }

    static func error(id: Int64?, code: String, detail: String) -> FeedMessage {
        message(.error) { writer in
            if let id { writer.field("id", id) }
            writer.field("code", code)
            writer.field("detail", detail)
        }
    }

    static func pong(id: Int64?) -> FeedMessage {
        message(.pong) { writer in if let id { writer.field("id", id) } }
    }

    /// Anything of a numbering may be missing here: it has broken off.
    static func gap(_ gap: Mailbox.Gap, of numbering: FeedNumbering) -> FeedMessage {
        var message = message(.gap) { writer in
            writer.field("reason", gap.rawValue)
            writer.field("channel", numbering.rawValue)
            writer.field("detail", "\(numbering.missing) may be missing here: \(numbering.remedy).")
        }
        message.gap = gap
        return message
    }

    /// What a client did not get of one topic.
    ///
    /// - Parameters:
    ///   - symbol: the instrument's key text.
    ///   - to: the last message that is missing; a snapshot that stands there follows.
    static func gap(
        _ gap: Mailbox.Gap, symbol: String, _ loss: Mailbox.Loss, to end: FeedPosition
    ) -> FeedMessage {
        let numbering = end.topic.numbering ?? .candles
        var message = message(.gap) { writer in
            writer.field("reason", gap.rawValue)
            writer.field("channel", numbering.rawValue)
            writer.field("symbol", symbol)
            if case .candle(_, let interval) = end.topic { writer.field("interval", interval.description) }
            writer.field("epoch", end.epoch)
            writer.field("from", loss.fromSeq)
            writer.field("to", end.seq)
            if let start = loss.windowStart { writer.field("window_start", start) }
            writer.field("detail", "\(numbering.missing) are missing here: \(numbering.remedy).")
        }
        message.gap = gap
        return message
    }

    private static func message(
        _ kind: FeedMessage.Kind, at position: FeedPosition? = nil, _ body: (inout JSONWriter) -> Void
    ) -> FeedMessage {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", kind.rawValue)
        if let position {
            writer.field("epoch", position.epoch)
            writer.field("seq", position.seq)
        }
        body(&writer)
        writer.endObject()
        return FeedMessage(kind: kind, frame: .text(writer.bytes), positions: position.map { [$0] } ?? [])
    }

    private static func write(_ name: StaticString, _ value: (some ExactDecimal)?, into writer: inout JSONWriter) {
        writer.key(name)
        if let value { writer.decimal(value) } else { writer.null() }
    }
}

extension FeedNumbering {
    fileprivate var missing: String {
        switch self {
        case .candles: "Closed candles"
        case .trades: "Trades"
        }
    }

    fileprivate var remedy: String {
        switch self {
        case .candles: "read them from /candles"
        case .trades: "read them from /trades/recent, as far as they are kept"
        }
    }
}
