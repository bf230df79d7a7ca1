public import MarketCore
import Synchronization

/// Binance's past trades: `historicalTrades`, or `aggTrades` where that is not offered (data-api.binance.vision).
public final class BinanceHistory: VenueHistory {
    private struct Contents {
        var offersSingleTrades = true
        /// Where the last page of aggregates ended: that aggregate's id, and its last trade's.
        var aggregates: [Instrument: AggregatePlace] = [:]
    }

    let rest: BinanceREST
    private let prefersAggregates: Bool
    private let wallMicros: @Sendable () -> Int64
    private let contents = Mutex(Contents())

    private static let tradesWeight = 25
    private static let aggregatesWeight = 4
    /// Elements of an answer at most.
    private static let pageSize = 1_000

    /// - Parameters:
    ///   - prefersAggregates: where the live feed brings aggregates, so that the same trades come in the same form: of
    ///     an aggregate of which a part is known already the rest cannot be told.
    ///   - wallMicros: unix microseconds, for the time of receipt.
    public init(_ rest: BinanceREST, prefersAggregates: Bool, wallMicros: @escaping @Sendable () -> Int64) {
        self.rest = rest
        self.prefersAggregates = prefersAggregates
        self.wallMicros = wallMicros
    }

    public func page(of instrument: Instrument, _ ids: ClosedRange<Int64>) async throws -> HistoryPage {
        guard prefersAggregates else {
            if let page = try await offeredTrades(of: instrument, ids) { return page }
            return try await aggregates(of: instrument, ids)
        }
        let page = try await aggregates(of: instrument, ids)
        // Ids that aggregates do not give, or only together with others.
        guard !page.unavailable.isEmpty, let through = page.through else { return page }
        return try await offeredTrades(of: instrument, ids.lowerBound...through) ?? page
    }

    /// - Returns: nil where single trades are not offered.
    private func offeredTrades(
        of instrument: Instrument, _ ids: ClosedRange<Int64>
    ) async throws -> HistoryPage? {
        guard contents.withLock({ $0.offersSingleTrades }) else { return nil }
        do {
            return try await trades(of: instrument, ids)
        } catch let refusal as BinanceErrorBody where refusal.meansNotOffered {
            // By Binance's own words.
        } catch let error as VenueError where error.code == .refused {
            // There is no such address.
        }
        contents.withLock { $0.offersSingleTrades = false }
        return nil
    }

    // MARK: Single trades

    private func trades(of instrument: Instrument, _ ids: ClosedRange<Int64>) async throws -> HistoryPage {
        let count = min(Int64(Self.pageSize), ids.upperBound &- ids.lowerBound &+ 1)
        let limit = count > 0 ? count : Int64(Self.pageSize)
        let body = try await rest.get(
            "historicalTrades?symbol=\(instrument.symbol)&fromId=\(ids.lowerBound)&limit=\(limit)",
            weight: Self.tradesWeight)
        let items = try BinanceHistoryBody.trades(body, of: instrument, receivedTimeMicros: wallMicros())
        return HistoryPage(items, of: instrument, ids)
    }

    // MARK: Aggregates

    private func aggregates(of instrument: Instrument, _ ids: ClosedRange<Int64>) async throws -> HistoryPage {
        var from = try await start(of: instrument, ids.lowerBound)
        var items: [HistoryItem] = []
        if let place = from {
            items = try await question(instrument, "fromId=\(place)&limit=\(Self.pageSize)")
            if let last = items.last, last.ids.upperBound < ids.lowerBound {
                // A page that ends before what is wanted: go on after it.
                from = last.aggregateID.map { $0 + 1 }
                note(last, of: instrument)
                items = try await question(instrument, "fromId=\(from ?? 0)&limit=\(Self.pageSize)")
            }
        }
        if let last = items.last { note(last, of: instrument) }
        return HistoryPage(items, of: instrument, ids)
    }

    /// An aggregate to begin at: the one with this trade, or one shortly before it.
    ///
    /// - Returns: nil where nothing is so new.
    private func start(of instrument: Instrument, _ tradeID: Int64) async throws -> Int64? {
        if let known = contents.withLock({ $0.aggregates[instrument] }), known.lastTradeID + 1 == tradeID {
            return known.aggregateID + 1
        }
        let newest = try await question(instrument, "limit=\(Self.pageSize)")
        guard let last = newest.last, last.ids.upperBound >= tradeID else { return nil }
        var high = last.aggregateID ?? 0
        for item in newest.reversed() where item.ids.upperBound >= tradeID { high = item.aggregateID ?? high }
        if let first = newest.first, first.ids.lowerBound <= tradeID { return high }
        // An aggregate has one trade at least, so the one that is looked for is no farther back than this.
        var low = max(0, high - (last.ids.upperBound - tradeID))
        while high - low > Int64(Self.pageSize) / 2 {
            let middle = low + (high - low) / 2
            let found = try await question(instrument, "fromId=\(middle)&limit=1").first
            guard let found, let id = found.aggregateID else { break }
            if found.ids.upperBound < tradeID { low = id + 1 } else { high = middle }
        }
        return low
    }

    private func question(_ instrument: Instrument, _ parameters: String) async throws -> [HistoryItem] {
        let body = try await rest.get(
            "aggTrades?symbol=\(instrument.symbol)&\(parameters)", weight: Self.aggregatesWeight)
        return try BinanceHistoryBody.aggregates(body, of: instrument, receivedTimeMicros: wallMicros())
    }

    private func note(_ item: HistoryItem, of instrument: Instrument) {
        guard let id = item.aggregateID else { return }
        let place = AggregatePlace(aggregateID: id, lastTradeID: item.ids.upperBound)
        contents.withLock { $0.aggregates[instrument] = place }
    }
}

private struct AggregatePlace {
    let aggregateID: Int64
    let lastTradeID: Int64
}

extension BinanceErrorBody {
    /// No such address, or only with a key: asking for other trades would not help. A symbol that Binance does not know
    /// is another matter.
    fileprivate var meansNotOffered: Bool {
        [401, 404].contains(status) || [-1002, -1020, -2014, -2015].contains(code)
    }
}
