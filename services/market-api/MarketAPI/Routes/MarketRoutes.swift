import Hummingbird
import MarketCore
import MarketWire
import ServiceKit

/// Prices, candles and symbols.
struct MarketRoutes: Sendable {
    let configuration: APIConfiguration
    let board: LiveBoard
    let history: any CandleRepository
    let time: TimeSource

    func add(to router: Router<APIRequestContext>) {
        router.get("price") { request, _ in try price(request) }
        router.get("candles") { request, _ in try await candles(request) }
        router.get("current-candle") { request, _ in try currentCandle(request) }
        router.get("symbols") { request, _ in try symbols(request) }
    }

    // MARK: Live

    private func price(_ request: Request) throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["symbol"])
        let instrument = try query.instrument("symbol", default: configuration.defaultInstrument)
        try requireLive(instrument)
        guard let quote = board.quote(instrument) else { throw missingTrade(instrument) }
        let isLive = if case .interrupted = board.feed { false } else { true }
        return .json { writer in
            writer.beginObject()
            writer.field("symbol", instrument.key)
            writer.field("price", quote.price)
            writer.field("event_time_us", quote.eventTimeMicros)
            writer.field("trade_id", quote.tradeID)
            writer.field("age_ms", max(0, time.wallMicros - quote.eventTimeMicros) / 1_000)
            writer.field("live", isLive)
            writer.endObject()
        }
    }

    private func currentCandle(_ request: Request) throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["symbol", "interval"])
        let instrument = try query.instrument("symbol", default: configuration.defaultInstrument)
        let interval = try query.interval("interval", among: configuration.intervals)
        try requireLive(instrument)
        if let candle = board.openCandle(instrument, interval) { return .json(bytes: candle.encoded()) }
        guard board.quote(instrument) != nil else { throw missingTrade(instrument) }
        throw Problem(
            .noOpenCandle,
            "\(instrument.key) has not traded since its last \(interval) window closed: "
                + "/candles?symbol=\(instrument.key)&interval=\(interval)&limit=1 has that one.")
    }

    /// Live values are answered from memory; while Redis is away they are worth something for a while only.
    private func requireLive(_ instrument: Instrument) throws(Problem) {
        guard board.isFollowed(instrument) else { throw Problem.notFollowed(instrument) }
        switch board.feed {
        case .connected: return
        case .starting:
            guard board.quote(instrument) == nil else { return }
        case .interrupted(let since):
            let millis = (time.monotonicMicros - since) / 1_000
            if millis <= configuration.priceWithoutRedisMillis, board.quote(instrument) != nil { return }
        }
        throw Problem(
            .liveUnavailable,
            "Live data cannot be read now (Redis is not there), and what is in memory is too old. "
                + "Try again in a moment.",
            retryAfterSeconds: 2)
    }

    private func missingTrade(_ instrument: Instrument) -> Problem {
        Problem(
            .noTradeYet, "\(instrument.key) is followed, but no trade of it has come in yet. Try again in a moment.")
    }

    // MARK: History

    private func candles(_ request: Request) async throws(Problem) -> Response {
        let asked = try CandleRequest(
            request, default: configuration.defaultInstrument, intervals: configuration.intervals)
        guard board.isFollowed(asked.instrument) else { throw Problem.notFollowed(asked.instrument) }
        do {
            let page = try await CandlePage.read(
                asked, from: history, open: board.openCandle(asked.instrument, asked.interval))
            return .json(bytes: page.json(asked))
        } catch {
            guard error.isTransient else {
                throw Problem(.internalError, "History cannot be read (\(error)): the server's log says why.")
            }
            throw Problem(
                .historyUnavailable,
                "History cannot be read now (\(error)). /price and /current-candle go on. Try again in a moment.",
                retryAfterSeconds: 2)
        }
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
            for (info, quote) in board.instruments { Self.write(info, quote, into: &writer) }
            writer.endArray()
            writer.endObject()
        }
    }

    private static func write(_ info: InstrumentInfo, _ quote: Quote?, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("symbol", info.instrument.key)
        writer.field("venue", info.instrument.venue)
        writer.field("venue_symbol", info.instrument.symbol)
        for (name, text) in [("base", info.base), ("quote", info.quote)] {
            writer.key(name)
            if let text { writer.string(text) } else { writer.null() }
        }
        writer.field("status", info.status)
        writer.key("tick_size")
        if let tick = info.tickSize { writer.decimal(tick) } else { writer.null() }
        writer.key("lot_step")
        if let step = info.lotStep { writer.decimal(step) } else { writer.null() }
        writer.field("price_decimals", Int64(info.priceDecimals(seen: quote?.price)))
        writer.field("quantity_decimals", Int64(info.quantityDecimals))
        writer.endObject()
    }
}
