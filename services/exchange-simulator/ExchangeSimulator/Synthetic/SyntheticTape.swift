import Exchanges
import MarketCore
import MarketWire

/// A market that nobody recorded: every trade is a pure function of (seed, symbol, id), and runs since 2017.
///
/// So a restart goes on where the clock says, REST answers for any id, and no id repeats or jumps.
struct SyntheticTape: MarketTape {
    let symbols: [InstrumentRecord]
    let source: String
    let isPaced = true
    private let markets: [SyntheticSymbol]

    /// - Parameters:
    ///   - symbols: the venue's symbols, upper case.
    ///   - rateMilli: trades of all symbols together in 1,000 seconds; each has an equal part.
    init(symbols: [String], seed: UInt64, rateMilli: Int64) {
        let rate = max(rateMilli / Int64(max(symbols.count, 1)), 1)
        markets = symbols.map { SyntheticSymbol($0, seed: seed, rateMilli: rate) }
        self.symbols = markets.map(\.record)
        source = "simulator:seed=\(seed),rate=\(Self.text(ofMilli: rate))"
    }

    func has(_ kind: BinanceStreamKind) -> Bool { true }

    func position(atMicros now: Int64) -> Int64? { now }

    func subscribe(atMicros now: Int64) -> Int64 { now }

    func firstID(_ kind: BinanceStreamKind, of symbol: Int) -> Int64 { 0 }

    func lastID(_ kind: BinanceStreamKind, of symbol: Int, through time: Int64) -> Int64 {
        let market = markets[symbol]
        let index = market.schedule.group(atMicros: time)
        guard index >= 0 else { return -1 }
        let group = TradeGroup(index, market)
        var trades: Int64 = 0
        var aggregates: Int64 = 0
        for place in 0..<Int(TradeGroup.aggregatesPerGroup) where group.aggregates[place].timeMicros <= time {
            trades += group.aggregates[place].tradeCount
            aggregates += 1
        }
        // Nothing of this group yet: then all of the one before.
        return kind == .trade ? group.firstTradeID + trades - 1 : group.firstAggregateID + aggregates - 1
    }

    func forEach(
        _ kind: BinanceStreamKind, _ ids: ClosedRange<Int64>, of symbol: Int, _ body: (BinanceTrade) -> Void
    ) {
        guard ids.upperBound >= 0 else { return }
        let market = markets[symbol]
        let perGroup = kind == .trade ? TradeSchedule.tradesPerGroup : TradeGroup.aggregatesPerGroup
        let ids = max(ids.lowerBound, 0)...ids.upperBound
        for index in (ids.lowerBound / perGroup)...(ids.upperBound / perGroup) {
            let group = TradeGroup(index, market)
            for place in 0..<Int(TradeGroup.aggregatesPerGroup) {
                let aggregate = group.aggregates[place]
                let first = group.firstTradeID + aggregate.firstTrade
                let last = first + aggregate.tradeCount - 1
                switch kind {
                case .trade:
                    guard first <= ids.upperBound, last >= ids.lowerBound else { continue }
                    for id in max(first, ids.lowerBound)...min(last, ids.upperBound) {
                        body(trade(id, id...id, market.quantity(ofTrade: id), aggregate, market))
                    }
                case .aggTrade:
                    let id = group.firstAggregateID + Int64(place)
                    guard ids.contains(id) else { continue }
                    var quantity = Quantity.zero
                    for part in first...last {
                        quantity = Quantity(raw: quantity.raw + market.quantity(ofTrade: part).raw)
                    }
                    body(trade(id, first...last, quantity, aggregate, market))
                }
            }
        }
    }

    private func trade(
        _ id: Int64, _ trades: ClosedRange<Int64>, _ quantity: Quantity, _ aggregate: TradeGroup.Aggregate,
        _ market: SyntheticSymbol
    ) -> BinanceTrade {
        BinanceTrade(
            id: id, firstTradeID: trades.lowerBound, lastTradeID: trades.upperBound,
            price: market.price(ticks: aggregate.priceTicks), quantity: quantity, timeMicros: aggregate.timeMicros,
            isBuyerMaker: aggregate.isBuyerMaker)
    }

    /// `12.5` of 12,500.
    static func text(ofMilli milli: Int64) -> String { Price(raw: milli * 100_000).description }
}
