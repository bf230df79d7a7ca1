import Hummingbird
import MarketCore
import MarketWire

/// The last 24 hours of all symbols.
struct SummaryRoutes: Sendable {
    let board: LiveBoard
    let days: DaySummaries

    func add(to router: Router<APIRequestContext>) {
        router.get("summary") { request, _ in try await summary(request) }
    }

    private func summary(_ request: Request) async throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["symbols"])
        let named = try query.instruments("symbols", atMost: MarketRoutes.mostSymbols)
        if let unknown = named?.first(where: { !board.isFollowed($0) }) {
            throw Problem.notFollowed(unknown, parameter: "symbols")
        }
        let day: DaySummaries.Day
        do { day = try await days.day() } catch { throw Problem(error) }
        let symbols = named ?? board.instruments.map(\.info.instrument)
        return .json { writer in
            writer.beginObject()
            writer.field("start", day.start)
            writer.field("time_us", day.atMicros)
            writer.key("symbols")
            writer.beginArray()
            for symbol in symbols { Self.write(symbol.key, day.sums[symbol.key], into: &writer) }
            writer.endArray()
            writer.endObject()
        }
    }

    private static func write(_ symbol: String, _ sum: CandleSum?, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("symbol", symbol)
        for (name, price) in [
            ("open", sum?.open), ("high", sum?.high), ("low", sum?.low), ("close", sum?.close),
            ("change", sum.flatMap { Price(scaledValue: $0.close.scaledValue - $0.open.scaledValue) }),
        ] {
            writer.key(name)
            if let price { writer.decimal(price) } else { writer.null() }
        }
        writer.key("change_percent")
        if let percent = sum.flatMap({ Percent.change(from: $0.open, to: $0.close) }) {
            writer.string(percent)
        } else {
            writer.null()
        }
        writer.field("volume", sum?.volume ?? .zero)
        writer.field("quote_volume", sum?.quoteVolume ?? .zero)
        writer.field("trade_count", sum?.tradeCount ?? 0)
        writer.endObject()
    }
}
