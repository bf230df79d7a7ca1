import Hummingbird
import MarketCore
import MarketWire
import ServiceKit

/// Prices and symbols.
struct MarketRoutes: Sendable {
    let configuration: APIConfiguration
    let board: LiveBoard
    let live: LiveGate
    let time: TimeSource

    /// Symbols that one request may name.
    static let mostSymbols = 1_000

    func add(to router: Router<APIRequestContext>) {
        router.get("price") { request, _ in try price(request) }
        router.get("prices") { request, _ in try prices(request) }
        router.get("symbols") { request, _ in try symbols(request) }
    }

    // MARK: Live

    private func price(_ request: Request) throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["symbol", "symbols"])
        if let instruments = try query.instruments("symbols", atMost: Self.mostSymbols) {
            guard query.text("symbol") == nil else {
                throw Problem(.invalidParameter, "Give either symbol or symbols, not both.", parameter: "symbols")
            }
            var quotes: [(Instrument, Quote)] = []
            for instrument in instruments {
                quotes.append((instrument, try live.quote(instrument, parameter: "symbols")))
            }
            return pricesAnswer(quotes)
        }
        let instrument = try query.instrument("symbol", default: configuration.defaultInstrument)
        let quote = try live.quote(instrument)
        return .json { writer in write(instrument, quote, into: &writer) }
    }

    /// All that have a price.
    private func prices(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        let quotes = board.instruments.compactMap { entry in entry.quote.map { (entry.info.instrument, $0) } }
        try live.requireFeed(hasValue: !quotes.isEmpty)
        return pricesAnswer(quotes)
    }

    private func pricesAnswer(_ quotes: [(Instrument, Quote)]) -> Response {
        .json { writer in
            writer.beginObject()
            writer.key("prices")
            writer.beginArray()
            for (instrument, quote) in quotes { write(instrument, quote, into: &writer) }
            writer.endArray()
            writer.endObject()
        }
    }

    private func write(_ instrument: Instrument, _ quote: Quote, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("symbol", instrument.key)
        writer.field("price", quote.price)
        writer.field("event_time_us", quote.eventTimeMicros)
        writer.field("trade_id", quote.tradeID)
        writer.field("age_ms", max(0, time.wallMicros - quote.eventTimeMicros) / 1_000)
        writer.field("live", live.isLive)
        writer.endObject()
    }

    // MARK: Symbols

    private func symbols(_ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        return .json { writer in
            writer.beginObject()
            writer.field("source", configuration.marketSource)
            writer.field("simulated", configuration.marketSource.isSimulatedMarketSource)
            writer.field("default_symbol", configuration.defaultInstrument.key)
            writer.key("intervals")
            writer.beginArray()
            for interval in configuration.intervals { writer.string(interval.description) }
            writer.endArray()
            writer.key("symbols")
            writer.beginArray()
            for (info, quote, subscription) in board.instruments {
                Self.write(info, quote, subscription, into: &writer)
            }
            writer.endArray()
            writer.endObject()
        }
    }

    private static func write(
        _ info: InstrumentInfo, _ quote: Quote?, _ subscription: SubscriptionRecord?, into writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.field("symbol", info.instrument.key)
        writer.field("venue", info.instrument.venue)
        writer.field("venue_symbol", info.instrument.symbol)
        for (name, text) in [("base", info.base), ("quote", info.quote)] {
            writer.key(name)
            if let text { writer.string(text) } else { writer.null() }
        }
        writer.field("status", info.status)
        writer.field("followed", subscription?.isFollowed ?? true)
        writer.key("interval")
        if let interval = subscription?.interval { writer.string(interval) } else { writer.null() }
        writer.key("tick_size")
        if let tick = info.tickSize { writer.decimal(tick) } else { writer.null() }
        writer.key("lot_step")
        if let step = info.lotStep { writer.decimal(step) } else { writer.null() }
        writer.field("price_decimals", Int64(info.priceDecimals(seen: quote?.price)))
        writer.field("quantity_decimals", Int64(info.quantityDecimals))
        writer.endObject()
    }
}
