import MarketCore
import MarketWire

/// One answer of `GET /candles`: ascending candles and where the next page begins.
struct CandlePage: Hashable, Sendable {
    let candles: [CandleRecord]
    let nextCursor: CandleCursor?
    /// Starts of the windows among them in which nothing was traded.
    var filled: Set<Int64> = []

    /// Reads a page.
    ///
    /// - Parameters:
    ///   - request: what was asked for.
    ///   - repository: where closed candles are.
    ///   - open: the window that is open now, if there is one; counts only where the request includes it.
    static func read(
        _ request: CandleRequest, from repository: any CandleRepository, open: CandleRecord?
    ) async throws(HistoryError) -> CandlePage {
        let range = request.range
        guard !range.isEmpty else { return CandlePage(candles: [], nextCursor: nil) }
        // One more than asked for tells whether there is another page.
        let stored = try await repository.candles(
            CandleSelection(
                symbol: request.instrument.key, interval: request.interval, range: range, edge: request.edge,
                limit: request.limit + 1))
        let openInRange = request.includeOpen ? open.flatMap { range.contains($0.windowStart) ? $0 : nil } : nil
        return CandlePage(request, merging(stored, openInRange))
    }

    init(candles: [CandleRecord], nextCursor: CandleCursor?, filled: Set<Int64> = []) {
        self.candles = candles
        self.nextCursor = nextCursor
        self.filled = filled
    }

    private init(_ request: CandleRequest, _ found: [CandleRecord]) {
        let hasMore = found.count > request.limit
        switch request.edge {
        case .oldest:
            candles = Array(found.prefix(request.limit))
            nextCursor =
                hasMore
                ? candles.last.map { Self.cursor(.forward, $0.windowStart + request.interval.seconds, request) } : nil
        case .newest:
            candles = Array(found.suffix(request.limit))
            nextCursor = hasMore ? candles.first.map { Self.cursor(.backward, $0.windowStart, request) } : nil
        }
    }

    static func cursor(
        _ direction: CandleCursor.Direction, _ position: Int64, _ request: CandleRequest
    ) -> CandleCursor {
        CandleCursor(
            direction: direction, position: position, interval: request.interval, symbol: request.instrument.key)
    }

    /// The open window among the stored ones. If it has closed meanwhile, the stored row is the later truth.
    static func merging(_ stored: [CandleRecord], _ open: CandleRecord?) -> [CandleRecord] {
        guard let open else { return stored }
        let index = stored.firstIndex { $0.windowStart >= open.windowStart } ?? stored.count
        if index < stored.count, stored[index].windowStart == open.windowStart { return stored }
        var merged = stored
        merged.insert(open, at: index)
        return merged
    }
}
