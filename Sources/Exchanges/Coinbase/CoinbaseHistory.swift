import MarketCore
import MarketWire

/// Coinbase's past trades, by id (Coinbase Exchange, "Get product trades": newest first, `after` is a cursor that is a
/// trade id). The Exchange's interface numbers trades as the Advanced Trade one does.
struct CoinbaseHistory: VenueHistory {
    let http: VenueHTTP
    /// `https://api.exchange.coinbase.com`
    let url: String
    let wallMicros: @Sendable () -> Int64

    /// Elements of an answer at most.
    private static let pageSize: Int64 = 1_000
    /// Ten questions a second are allowed.
    private static let pause = Duration.milliseconds(200)

    func page(of instrument: Instrument, _ ids: ClosedRange<Int64>) async throws -> HistoryPage {
        try await Task.sleep(for: Self.pause)
        let (last, overflows) = ids.lowerBound.addingReportingOverflow(Self.pageSize - 1)
        let wanted = ids.lowerBound...min(ids.upperBound, overflows ? .max : last)
        // Those below the cursor.
        let cursor = wanted.upperBound == .max ? "" : "&after=\(wanted.upperBound + 1)"
        let answer = try await http.get("\(url)/products/\(instrument.symbol)/trades?limit=\(Self.pageSize)\(cursor)")
        guard answer.status == 200 else { throw Self.refusal(answer) }
        let items = try items(answer.body, of: instrument)
        // What lies above the newest trade does not exist yet, whatever the cursor.
        guard let newest = items.map(\.ids.upperBound).max(), newest >= wanted.lowerBound else { return HistoryPage() }
        let isWhole = newest >= wanted.upperBound
        return HistoryPage(items, of: instrument, wanted.lowerBound...(isWhole ? wanted.upperBound : newest))
    }

    private func items(_ body: [UInt8], of instrument: Instrument) throws(VenueError) -> [HistoryItem] {
        let now = wallMicros()
        var items: [HistoryItem] = []
        for entry in try HistoryItem.entries(body) {
            let id = try HistoryItem.integer(entry, "trade_id")
            do throws(VenueError) {
                let trade = try CoinbaseMessage.trade(entry, instrument, id: id, now)
                items.append(HistoryItem(ids: id...id, trade: trade))
            } catch {
                items.append(HistoryItem(ids: id...id, trade: nil, problem: error.message))
            }
        }
        return items
    }

    static func refusal(_ answer: VenueHTTP.Answer) -> VenueError {
        switch answer.status {
        case 429: VenueError(.tooManyRequests, "Coinbase answered 429, too many requests")
        case 500...: VenueError(.unreachable, "Coinbase answered \(answer.status): \(answer.excerpt)")
        default: VenueError(.refused, "Coinbase answered \(answer.status): \(answer.excerpt)")
        }
    }
}
