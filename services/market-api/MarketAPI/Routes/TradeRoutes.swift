import Hummingbird
import MarketCore
import MarketWire

/// Single trades, out of memory.
struct TradeRoutes: Sendable {
    static let limits: ClosedRange<Int64> = 1...1_000
    static let defaultLimit: Int64 = 50

    let configuration: APIConfiguration
    let board: LiveBoard
    let trades: TradeTail

    func add(to router: Router<APIRequestContext>) {
        router.get("trades/recent") { request, _ in try recent(request) }
    }

    private func recent(_ request: Request) throws(Problem) -> Response {
        let query = try QueryReader(request, known: ["symbol", "limit"])
        let instrument = try query.instrument("symbol", default: configuration.defaultInstrument)
        let limit = Int(try query.integer("limit", in: Self.limits) ?? Self.defaultLimit)
        guard board.isFollowed(instrument) else { throw Problem.notFollowed(instrument) }
        let state = trades.state
        let newest = trades.newest(instrument, limit: limit)
        guard state == .following || !newest.isEmpty else {
            throw Problem(
                .tradesUnavailable,
                "Recent trades cannot be read now (Kafka is not there). /price and /candles go on. "
                    + "Try again in a moment.", retryAfterSeconds: 2)
        }
        return .json { writer in
            writer.beginObject()
            writer.field("symbol", instrument.key)
            writer.field("live", state == .following)
            writer.key("trades")
            writer.beginArray()
            for trade in newest { trade.write(into: &writer) }
            writer.endArray()
            writer.endObject()
        }
    }
}
