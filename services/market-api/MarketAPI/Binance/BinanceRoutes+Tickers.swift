import Exchanges
import MarketCore
import MarketWire

extension BinanceRoutes {
    /// `ticker/24hr`: of a symbol, of several or of all that have traded.
    func dayTickers(_ query: BinanceQuery, _ unit: BinanceTimeUnit) async throws(BinanceErrorBody) -> [UInt8] {
        let type = query.text("type") ?? "FULL"
        guard ["FULL", "MINI"].contains(type) else { throw .notValid("type") }
        let names = try query.symbols()
        var wanted: [(Instrument, Quote)] = []
        if let names {
            for name in names {
                let instrument = try instrument(name)
                wanted.append((instrument, try quote(instrument)))
            }
        } else {
            try requireLive()
            wanted = board.instruments.compactMap { entry in entry.quote.map { (entry.info.instrument, $0) } }
        }
        let sums: [String: CandleSum]
        do throws(HistoryError) {
            sums = try await days.days(wanted.map(\.0))
        } catch {
            throw BinanceErrorBody(KlineError.history(error))
        }
        var json = JSONWriter()
        let isList = !query.has("symbol")
        if isList { json.beginArray() }
        for (instrument, quote) in wanted {
            BinanceTicker(
                instrument.key, quote, lastQuantity(instrument), sums[instrument.key], days.span(instrument.venue)
            ).write(isFull: type == "FULL", unit, into: &json)
        }
        if isList { json.endArray() }
        return json.bytes
    }

    /// Of the newest trade; 0 while trades cannot be read.
    private func lastQuantity(_ instrument: Instrument) -> Quantity {
        trades.newest(instrument, limit: 1).last?.quantity ?? .zero
    }
}
