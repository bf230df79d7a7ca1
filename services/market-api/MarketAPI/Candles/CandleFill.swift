import MarketCore
import MarketWire

extension CandlePage {
    /// Reads a page in which windows without trades are flat rows at the close before them, which may lie before the
    /// range. What comes before the first candle of all is not filled: there was no price.
    ///
    /// - Parameters:
    ///   - filledTo: windows from this start on are not filled behind the newest candle: they may get trades yet. Nil
    ///     fills between candles only.
    static func readFilled(
        _ request: CandleRequest, from repository: any CandleRepository, open: CandleRecord?, filledTo: Int64?
    ) async throws(HistoryError) -> CandlePage {
        let range = request.range
        guard !range.isEmpty else { return CandlePage(candles: [], nextCursor: nil) }
        let stored = try await repository.candles(
            CandleSelection(
                symbol: request.instrument.key, interval: request.interval,
                // Backwards the candle before the page gives its first price, so the start is no bound here.
                range: request.edge == .newest ? 0..<range.upperBound : range, edge: request.edge,
                limit: request.limit + 1))
        let openInRange = request.includeOpen ? open.flatMap { range.contains($0.windowStart) ? $0 : nil } : nil
        let found = merging(stored, openInRange)
        var limit = filledTo ?? .min
        if let open { limit = min(limit, open.windowStart) }
        switch request.edge {
        case .newest: return newest(request, found, filledTo: limit)
        case .oldest:
            let first = roundUp(range.lowerBound, request.interval)
            var previous: CandleRecord?
            if found.first?.windowStart != first, first > 0 {
                previous = try await repository.candles(
                    CandleSelection(
                        symbol: request.instrument.key, interval: request.interval, range: 0..<first, edge: .newest,
                        limit: 1)
                ).last
            }
            return oldest(request, found, previous: previous, filledTo: limit)
        }
    }

    /// `found` has one candle more than the page at least, unless there are no more before it.
    private static func newest(_ request: CandleRequest, _ found: [CandleRecord], filledTo: Int64) -> CandlePage {
        guard let last = found.last, let first = found.first else { return CandlePage(candles: [], nextCursor: nil) }
        let step = request.interval.seconds
        // Before a page with rows every window has one.
        let filledTo = request.cursor == nil ? filledTo : .max
        // Both are window starts, and not included.
        let end = max(last.windowStart + step, min(filledTo, roundUp(request.range.upperBound, request.interval)))
        let start = max(first.windowStart, end - Int64(request.limit) * step)
        let page = rows(from: start, to: end, step, found, previous: nil)
        let hasMore = first.windowStart < start
        return CandlePage(
            candles: page.candles,
            nextCursor: hasMore ? cursor(.backward, start, request) : nil, filled: page.filled)
    }

    private static func oldest(
        _ request: CandleRequest, _ found: [CandleRecord], previous: CandleRecord?, filledTo: Int64
    ) -> CandlePage {
        let step = request.interval.seconds
        let first = roundUp(request.range.lowerBound, request.interval)
        guard let start = previous == nil ? found.first?.windowStart : first else {
            return CandlePage(candles: [], nextCursor: nil)
        }
        let behindLast = found.last.map { $0.windowStart + step } ?? start
        let rangeEnd = max(behindLast, min(filledTo, roundUp(request.range.upperBound, request.interval)))
        let end = min(rangeEnd, start + Int64(request.limit) * step)
        guard start < end else { return CandlePage(candles: [], nextCursor: nil) }
        let page = rows(from: start, to: end, step, found, previous: previous)
        return CandlePage(
            candles: page.candles, nextCursor: end < rangeEnd ? cursor(.forward, end, request) : nil,
            filled: page.filled)
    }

    /// A row for each window from `start` on; `found` is ascending and may begin before it.
    private static func rows(
        from start: Int64, to end: Int64, _ step: Int64, _ found: [CandleRecord], previous: CandleRecord?
    ) -> (candles: [CandleRecord], filled: Set<Int64>) {
        var last = found.last { $0.windowStart < start } ?? previous
        var rest = found.drop { $0.windowStart < start }
        var candles: [CandleRecord] = []
        var filled: Set<Int64> = []
        for windowStart in stride(from: start, to: end, by: Int(step)) {
            if let next = rest.first, next.windowStart == windowStart {
                rest = rest.dropFirst()
                candles.append(next)
                last = next
            } else if let before = last {
                candles.append(before.flat(at: windowStart))
                filled.insert(windowStart)
            }
        }
        return (candles, filled)
    }

    private static func roundUp(_ time: Int64, _ interval: Interval) -> Int64 {
        (time + interval.seconds - 1) / interval.seconds * interval.seconds
    }
}

extension CandleRecord {
    /// The row of a window without trades, this candle's being the last before it.
    fileprivate func flat(at windowStart: Int64) -> CandleRecord {
        CandleRecord(
            symbol: symbol, interval: interval, windowStart: windowStart, open: close, high: close, low: close,
            close: close, volume: .zero, quoteVolume: .zero, tradeCount: 0, takerBuyVolume: .zero,
            takerBuyQuoteVolume: .zero, firstTradeID: lastTradeID, lastTradeID: lastTradeID, missingTrades: nil,
            revision: 0, isClosed: true)
    }
}
