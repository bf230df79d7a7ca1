import MarketCore

/// What must come out, worked out in the most naive way: every id in a set, every candle folded anew from all trades.
struct Oracle {
    /// One instrument.
    struct Market {
        struct Hole: Hashable {
            var ids: ClosedRange<Int64>
            var beforeMicros: Int64?
            var afterMicros: Int64?
        }

        var generation: Int32 = 0
        /// Accepted trades with a quantity, in the order of arrival.
        var trades: [(generation: Int32, trade: TradeInput)] = []
        /// By generation: the seen ids with the event time, nil where the quantity was 0.
        var seen: [[Int64: Int64?]] = [[:]]
        var highest: Int64?
        var highestEventMicros: Int64 = 0
        var originMicros: Int64?
        var openFrom: Int64 = 0
        var settled: Set<Int64> = []

        /// The holes of a generation, ascending.
        func holes(_ generation: Int) -> [Hole] {
            let ids = seen[generation].keys.sorted()
            return zip(ids, ids.dropFirst()).filter { $1 > $0 + 1 }.map { left, right in
                var before = left
                while let time = seen[generation][before], time == nil { before -= 1 }
                var after = right
                while let time = seen[generation][after], time == nil { after += 1 }
                return Hole(
                    ids: (left + 1)...(right - 1), beforeMicros: seen[generation][before] ?? nil,
                    afterMicros: seen[generation][after] ?? nil)
            }
        }

        /// Missing ids that somebody should fetch, ascending.
        var openIDs: [Int64] {
            holes(Int(generation)).flatMap { Array($0.ids) }.filter { $0 >= openFrom && !settled.contains($0) }
        }
    }

    let rules: ProcessingRules
    var markets: [String: Market] = [:]
    var quarantined: [(offset: Int64, reason: QuarantineReason)] = []
    var accepted: Int64 = 0
    var duplicates: Int64 = 0

    mutating func take(_ log: [LogRecord]) {
        for (offset, record) in log.enumerated() { take(record, offset: Int64(offset)) }
    }

    private mutating func take(_ record: LogRecord, offset: Int64) {
        var market = markets[record.key] ?? Market()
        defer { markets[record.key] = market }
        switch record.content {
        case .control(.rejected(let reason, _)): quarantined.append((offset, reason))
        case .control(.unavailable(let ids)): market.settled.formUnion(ids)
        case .control(.reopen(let ids)):
            market.settled.subtract(ids)
            if market.highest != nil { market.openFrom = min(market.openFrom, ids.lowerBound) }
        case .control(.newGeneration):
            market.generation += 1
            market.seen.append([:])
            market.highest = nil
            market.originMicros = nil
            market.settled = []
        case .trade(let trade):
            if let reason = refusal(trade, market) {
                quarantined.append((offset, reason))
                return
            }
            let generation = Int(market.generation)
            let ids = Array(trade.firstTradeID...trade.tradeID)
            let known = ids.filter { market.seen[generation].keys.contains($0) }
            if known.count == ids.count {
                duplicates += 1
            } else if !known.isEmpty {
                quarantined.append((offset, .partialOverlap))
            } else {
                accept(trade, &market)
            }
        }
    }

    private func refusal(_ trade: TradeInput, _ market: Market) -> QuarantineReason? {
        if trade.recordTimestampMicros >= 0,
            trade.eventTimeMicros > trade.recordTimestampMicros + rules.maxFutureMicros
        {
            return .futureTime
        }
        guard let highest = market.highest else { return nil }
        if trade.tradeID <= highest, trade.eventTimeMicros > market.highestEventMicros + rules.idRestartMicros {
            return .idRestart
        }
        return nil
    }

    private mutating func accept(_ trade: TradeInput, _ market: inout Market) {
        accepted += 1
        let generation = Int(market.generation)
        let hasQuantity = trade.quantity > .zero
        for id in trade.firstTradeID...trade.tradeID {
            market.seen[generation].updateValue(hasQuantity ? trade.eventTimeMicros : nil, forKey: id)
        }
        if let origin = market.originMicros {
            if trade.firstTradeID < market.openFrom, trade.eventTimeMicros >= origin - rules.outOfOrdernessMicros {
                market.openFrom = trade.firstTradeID
            }
        } else {
            market.originMicros = trade.eventTimeMicros
            market.openFrom = trade.firstTradeID
        }
        if trade.tradeID > market.highest ?? -1 {
            market.highest = trade.tradeID
            market.highestEventMicros = trade.eventTimeMicros
        }
        if hasQuantity { market.trades.append((market.generation, trade)) }
    }

    // MARK: Candles

    /// All rows there would be if every window had closed.
    func rows() -> [TestDatabase.RowID: TestDatabase.Row] {
        var rows: [TestDatabase.RowID: TestDatabase.Row] = [:]
        for (key, market) in markets {
            let allHoles = market.seen.indices.flatMap { market.holes($0) }
            for interval in rules.intervals {
                let windows = Dictionary(grouping: market.trades) { start(interval, $0.trade.eventTimeMicros) }
                let earliest = market.trades.map(\.trade.eventTimeMicros).min() ?? 0
                let holes = count(allHoles, interval)
                for (start, trades) in windows {
                    rows[TestDatabase.RowID(key: key, interval: interval, windowStart: start)] = TestDatabase.Row(
                        candle: Self.fold(trades), holes: holes[start] ?? 0, unknown: start * second < earliest)
                }
            }
        }
        return rows
    }

    private func start(_ interval: Interval, _ timeMicros: Int64) -> Int64 {
        timeMicros / second / interval.seconds * interval.seconds
    }

    /// What is shown of an instrument while its windows are open.
    func live(_ key: String, watermarkMicros: Int64) -> LiveUpdate? {
        guard let market = markets[key],
            let latest = market.trades.max(by: { ($0.generation, $0.trade.tradeID) < ($1.generation, $1.trade.tradeID) }
            )
        else { return nil }
        let holes = market.seen.indices.flatMap { market.holes($0) }
        let earliest = market.trades.map(\.trade.eventTimeMicros).min() ?? 0
        var update = LiveUpdate(
            instrument: 0, price: latest.trade.price,
            key: TradeKey(generation: latest.generation, id: latest.trade.tradeID),
            eventTimeMicros: latest.trade.eventTimeMicros, openCandles: [])
        for interval in rules.intervals {
            let open = market.trades.filter {
                (start(interval, $0.trade.eventTimeMicros) + interval.seconds) * second > watermarkMicros
                    && start(.base, $0.trade.eventTimeMicros) * second <= watermarkMicros + rules.outOfOrdernessMicros
            }
            guard let newest = open.map({ start(interval, $0.trade.eventTimeMicros) }).max() else { continue }
            update.openCandles.append(
                LiveUpdate.OpenCandle(
                    interval: interval, windowStart: newest,
                    candle: Self.fold(open.filter { start(interval, $0.trade.eventTimeMicros) == newest }),
                    missingTrades: newest * second < earliest ? nil : count(holes, interval)[newest] ?? 0))
        }
        return update
    }

    /// How many ids are missing in each window.
    private func count(_ holes: [Market.Hole], _ interval: Interval) -> [Int64: Int64] {
        var counts: [Int64: Int64] = [:]
        for hole in holes {
            let windows = Set([hole.beforeMicros, hole.afterMicros].compactMap { $0 }.map { start(interval, $0) })
            for window in windows { counts[window, default: 0] += Int64(hole.ids.count) }
        }
        return counts
    }

    /// The candle of trades, by its definition.
    static func fold(_ trades: [(generation: Int32, trade: TradeInput)]) -> Candle {
        let sorted = trades.sorted { ($0.generation, $0.trade.tradeID) < ($1.generation, $1.trade.tradeID) }
        let first = sorted[0]
        let last = sorted[sorted.count - 1]
        let buys = sorted.filter { $0.trade.takerSide == .buy }
        func volume(_ trades: [(generation: Int32, trade: TradeInput)]) -> Quantity {
            Quantity(raw: trades.reduce(0) { $0 + $1.trade.quantity.raw })
        }
        func quote(_ trades: [(generation: Int32, trade: TradeInput)]) -> QuoteAmount {
            QuoteAmount(raw: trades.reduce(0) { $0 + Int128($1.trade.price.raw) * $1.trade.quantity.raw })
        }
        return Candle(
            open: first.trade.price, high: sorted.reduce(first.trade.price) { max($0, $1.trade.price) },
            low: sorted.reduce(first.trade.price) { min($0, $1.trade.price) },
            close: last.trade.price, volume: volume(sorted), takerBuyVolume: volume(buys), quoteVolume: quote(sorted),
            takerBuyQuoteVolume: quote(buys), tradeCount: sorted.reduce(0) { $0 + $1.trade.tradeCount },
            first: TradeKey(generation: first.generation, id: first.trade.firstTradeID),
            last: TradeKey(generation: last.generation, id: last.trade.tradeID))
    }
}
