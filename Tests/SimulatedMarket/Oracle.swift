import MarketCore

/// What must come out, worked out in the most naive way: every id in a set, every candle folded anew from all trades.
package struct Oracle {
    /// One instrument.
    package struct Market {
        package struct Hole: Hashable {
            package var ids: ClosedRange<Int64>
            package var beforeMicros: Int64?
            package var afterMicros: Int64?

            package init(ids: ClosedRange<Int64>, beforeMicros: Int64?, afterMicros: Int64?) {
                self.ids = ids
                self.beforeMicros = beforeMicros
                self.afterMicros = afterMicros
            }
        }

        package var generation: Int32 = 0
        /// Accepted trades with a quantity, in the order of arrival.
        package var trades: [(generation: Int32, trade: TradeInput)] = []
        /// By generation: the seen ids with the event time, nil where the quantity was 0.
        package var seen: [[Int64: Int64?]] = [[:]]
        package var highest: Int64?
        package var highestEventMicros: Int64 = 0
        package var originMicros: Int64?
        package var openFrom: Int64 = 0
        package var settled: Set<Int64> = []

        package init() {}

        /// The holes of a generation, ascending.
        package func holes(_ generation: Int) -> [Hole] {
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

        /// Missing ids that somebody should fetch, as the longest ranges there are, ascending. Ranges, because a hole
        /// may be of 10^12 ids.
        package var openHoles: [ClosedRange<Int64>] {
            let settled = settled.sorted()
            return holes(Int(generation)).flatMap { hole -> [ClosedRange<Int64>] in
                var pieces: [ClosedRange<Int64>] = []
                var next = max(hole.ids.lowerBound, openFrom)
                for id in settled where id >= next && id <= hole.ids.upperBound {
                    if id > next { pieces.append(next...(id - 1)) }
                    next = id + 1
                }
                if next <= hole.ids.upperBound { pieces.append(next...hole.ids.upperBound) }
                return pieces
            }
        }
    }

    package let rules: ProcessingRules
    package var markets: [String: Market] = [:]
    package var quarantined: [(offset: Int64, reason: QuarantineReason)] = []
    package var accepted: Int64 = 0
    package var duplicates: Int64 = 0
    /// Largest event time of an accepted trade.
    package var maxEventMicros: Int64?

    package init(rules: ProcessingRules) { self.rules = rules }

    package mutating func take(_ log: [LogRecord]) {
        for (offset, record) in log.enumerated() { take(record, offset: Int64(offset)) }
    }

    package mutating func take(_ record: LogRecord, offset: Int64) {
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
        if trade.tradeID > highest {
            let seconds = max(0, trade.eventTimeMicros - market.highestEventMicros) / second
            if trade.tradeID - highest > rules.idJumpLimit + seconds * rules.idJumpPerSecond { return .idJump }
        }
        return nil
    }

    private mutating func accept(_ trade: TradeInput, _ market: inout Market) {
        accepted += 1
        maxEventMicros = max(maxEventMicros ?? trade.eventTimeMicros, trade.eventTimeMicros)
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
    package func rows() -> [CandleRowID: CandleRow] {
        var rows: [CandleRowID: CandleRow] = [:]
        for (key, market) in markets {
            let allHoles = market.seen.indices.flatMap { market.holes($0) }
            for interval in rules.intervals {
                let windows = Dictionary(grouping: market.trades) { start(interval, $0.trade.eventTimeMicros) }
                let earliest = market.trades.map(\.trade.eventTimeMicros).min() ?? 0
                let holes = count(allHoles, interval)
                for (start, trades) in windows {
                    rows[CandleRowID(key: key, interval: interval, windowStart: start)] = CandleRow(
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
    package func live(_ key: String, watermarkMicros: Int64) -> LiveUpdate? {
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
    package static func fold(_ trades: [(generation: Int32, trade: TradeInput)]) -> Candle {
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
