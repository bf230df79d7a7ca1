import MarketCore
import MarketWire
import WebSockets

/// The text of every message that the API sends over a WebSocket. schemas/asyncapi.yaml describes them.
enum FeedFrame {
    static func price(symbol: String, _ quote: Quote) -> WebSocketFrameBytes {
        frame("price") { writer in
            writer.field("symbol", symbol)
            write(quote, into: &writer)
        }
    }

    static func candle(_ candle: CandleRecord) -> WebSocketFrameBytes {
        frame("candle") { writer in
            writer.key("candle")
            writer.raw(candle.encoded())
        }
    }

    /// All that is known of a subscription at its start.
    static func snapshot(symbol: String, quote: Quote?, candles: [CandleRecord]) -> WebSocketFrameBytes {
        frame("snapshot") { writer in
            writer.field("symbol", symbol)
            writer.key("price")
            if let quote {
                writer.beginObject()
                write(quote, into: &writer)
                writer.endObject()
            } else {
                writer.null()
            }
            writer.key("candles")
            writer.beginObject()
            for candle in candles {
                writer.key(candle.interval.description)
                writer.raw(candle.encoded())
            }
            writer.endObject()
        }
    }

    /// One message of `/ws/price`; figures of the day are null until the day's candle is known.
    static func day(symbol: String, _ quote: Quote, day: CandleRecord?) -> WebSocketFrameBytes {
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
        return .text(writer.bytes)
    }

    /// All that a client follows now.
    static func subscribed(id: Int64?, _ subscriptions: Set<Subscription>) -> WebSocketFrameBytes {
        let sorted = subscriptions.sorted()
        return frame("subscribed") { writer in
            if let id { writer.field("id", id) }
            writer.key("prices")
            writer.beginArray()
            for subscription in sorted where subscription.interval == nil { writer.string(subscription.symbol) }
            writer.endArray()
            writer.key("candles")
            writer.beginArray()
            for subscription in sorted {
                guard let interval = subscription.interval else { continue }
                writer.beginObject()
                writer.field("symbol", subscription.symbol)
                writer.field("interval", interval.description)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    static func error(id: Int64?, code: String, detail: String) -> WebSocketFrameBytes {
        frame("error") { writer in
            if let id { writer.field("id", id) }
            writer.field("code", code)
            writer.field("detail", detail)
        }
    }

    static func gap(_ gap: Mailbox.Gap) -> WebSocketFrameBytes {
        frame("gap") { writer in
            writer.field("reason", gap.rawValue)
            writer.field("detail", "Closed candles may be missing here: read them from /candles.")
        }
    }

    static func pong(id: Int64?) -> WebSocketFrameBytes {
        frame("pong") { writer in if let id { writer.field("id", id) } }
    }

    private static func frame(_ type: StaticString, _ body: (inout JSONWriter) -> Void) -> WebSocketFrameBytes {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", "\(type)")
        body(&writer)
        writer.endObject()
        return .text(writer.bytes)
    }

    private static func write(_ quote: Quote, into writer: inout JSONWriter) {
        writer.field("price", quote.price)
        writer.field("trade_id", quote.tradeID)
        writer.field("event_time_us", quote.eventTimeMicros)
    }

    private static func write(_ name: StaticString, _ value: (some ExactDecimal)?, into writer: inout JSONWriter) {
        writer.key(name)
        if let value { writer.decimal(value) } else { writer.null() }
    }
}

/// Percentages for people: two decimal places, rounded half away from zero, computed in integers.
enum Percent {
    /// The change between two prices, `1.25` or `-0.03`; nil when there is nothing to compare with.
    static func change(from open: Price, to price: Price) -> String? {
        Ratio.percent(from: open, to: price, places: 2)
    }
}
