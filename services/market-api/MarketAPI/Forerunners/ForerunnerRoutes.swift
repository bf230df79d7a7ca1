import Hummingbird
import MarketCore
import MarketWire
import ServiceKit

/// The paths of a forerunner written in Django (docs/MIGRATING.md): pairs with ids, saved prices, ISO times.
struct ForerunnerRoutes: Sendable {
    static let paths = [
        "/api/pairs/", "/api/pairs/{id}/", "/api/pairs/{id}/latest_price/", "/api/history/summary/",
        "/api/history/{symbol}/", "/ws/crypto/{symbol}/",
    ]
    static let limits: ClosedRange<Int64> = 1...1_000
    static let defaultLimit: Int64 = 100

    let board: LiveBoard
    let live: LiveGate
    let trades: TradeTail
    let numbers: PairNumbers
    let saved: SavedPrices
    let days: DaySummaries
    let time: TimeSource

    func add(to router: Router<APIRequestContext>) {
        router.get("api/pairs") { request, _ in try await pairs(request) }
        router.get("api/pairs/:id") { request, context in try await pair(request, context) }
        router.get("api/pairs/:id/latest_price") { request, context in try await latestPrice(request, context) }
        router.get("api/history/summary") { request, _ in try await summary(request) }
        router.get("api/history/:symbol") { request, context in try await history(request, context) }
    }

    // MARK: Pairs

    private func pairs(_ request: Request) async throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        let all = try await allNumbers()
        return .json { writer in
            writer.beginArray()
            for number in all { Self.write(number, into: &writer) }
            writer.endArray()
        }
    }

    private func pair(_ request: Request, _ context: APIRequestContext) async throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        let number = try await number(context)
        return .json { writer in Self.write(number, into: &writer) }
    }

    private func latestPrice(_ request: Request, _ context: APIRequestContext) async throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        let number = try await number(context)
        let instrument = try PathText.instrument(number.symbol)
        let quote = try live.quote(instrument)
        let trade = PriceUpdate.trade(of: quote, instrument, in: trades)
        return .json { writer in
            PriceUpdate.write(
                symbol: instrument.key, price: quote.price, timeMicros: quote.eventTimeMicros, tradeID: quote.tradeID,
                trade: trade, into: &writer)
        }
    }

    private func number(_ context: APIRequestContext) async throws(Problem) -> InstrumentNumber {
        let text = context.parameters.get("id") ?? ""
        let all = try await allNumbers()
        guard let id = Int64(text), let number = all.first(where: { $0.id == id }) else {
            throw Problem(
                .notFound, "There is no pair '\(text.prefix(32))': /api/pairs/ lists those that are followed.")
        }
        return number
    }

    private func allNumbers() async throws(Problem) -> [InstrumentNumber] {
        do { return try await numbers.all() } catch { throw Problem(error) }
    }

    private static func write(_ number: InstrumentNumber, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("id", number.id)
        writer.field("symbol", number.symbol)
        writer.field("created_at", ISOTime.text(micros: number.createdMicros))
        writer.endObject()
    }

    // MARK: History

    private func history(_ request: Request, _ context: APIRequestContext) async throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["start_time", "end_time", "limit"])
        let instrument = try PathText.instrument(context)
        let limit = Int(try query.integer("limit", in: Self.limits) ?? Self.defaultLimit)
        guard board.isFollowed(instrument) else { throw Problem.notFollowed(instrument) }
        // The market's own time, so that a replay has a last day, too.
        let now = board.marketTimeMicros(of: instrument.venue) ?? time.wallMicros
        let end = try query.isoTime("end_time") ?? now
        let start = try query.isoTime("start_time") ?? max(0, min(now, end) - 86_400_000_000)
        guard start <= end else {
            throw Problem(
                .invalidParameter, "The range is reversed: start_time is after end_time. Give the earlier time first.",
                parameter: "start_time")
        }
        let prices: [SavedPrice]
        do {
            prices = try await saved.newest(
                instrument, times: start...end, settledMicros: now - CandleRoutes.lateMicros, limit: limit)
        } catch {
            throw Problem(error)
        }
        var writer = JSONWriter()
        writer.beginArray()
        for saved in prices {
            PriceUpdate.write(
                symbol: instrument.key, price: saved.price, timeMicros: saved.time * 1_000_000, tradeID: saved.tradeID,
                trade: nil, into: &writer)
        }
        writer.endArray()
        return .revalidated(request, writer.bytes)
    }

    private func summary(_ request: Request) async throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        let day: DaySummaries.Day
        do { day = try await days.day() } catch { throw Problem(error) }
        return .json { writer in
            writer.beginArray()
            for (info, quote, _) in board.instruments {
                let sum = day.sums[info.instrument.key]
                guard let price = quote?.price ?? sum?.close else { continue }
                writer.beginObject()
                writer.field("symbol", info.instrument.key)
                writer.field("current_price", price)
                writer.field("last_update", ISOTime.text(micros: quote?.eventTimeMicros ?? day.atMicros))
                let before = sum?.previousClose
                writer.key("price_change_24h")
                let change = before.flatMap { Price(scaledValue: price.scaledValue - $0.scaledValue) }
                if let change { writer.decimal(change) } else { writer.null() }
                writer.key("price_change_percent_24h")
                // A number there; its two decimal places are written as they are.
                if let percent = before.flatMap({ Percent.change(from: $0, to: price) }) {
                    writer.literal(percent)
                } else {
                    writer.null()
                }
                writer.endObject()
            }
            writer.endArray()
        }
    }
}

extension QueryReader {
    /// A time in ISO 8601, in unix microseconds.
    func isoTime(_ name: String) throws(Problem) -> Int64? {
        guard let text = text(name) else { return nil }
        guard let micros = ISOTime.micros(text) else {
            throw Problem(
                .invalidParameter,
                "'\(name)' is '\(text.prefix(64))': use ISO 8601, for example 2024-01-01T12:00:00Z, from 1970 to 2199.",
                parameter: name)
        }
        return micros
    }
}
