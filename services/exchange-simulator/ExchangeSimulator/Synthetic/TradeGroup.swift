/// Eight consecutive trades of a synthetic symbol, as five aggregates: the unit in which the market is made.
///
/// Every group has just as many trades as aggregates have ids, so that the number of an aggregate is a function of the
/// group's too, and any id can be asked for by itself.
struct TradeGroup {
    /// Trades of one taker at one price and time.
    struct Aggregate {
        /// Place of the first trade in the group, 0...7.
        var firstTrade: Int64 = 0
        var tradeCount: Int64 = 0
        var timeMicros: Int64 = 0
        var priceTicks: Int64 = 0
        var isBuyerMaker = false
    }

    static let aggregatesPerGroup: Int64 = 5

    let index: Int64
    private(set) var aggregates = InlineArray<5, Aggregate>(repeating: Aggregate())

    /// The 35 ways to cut eight trades into five aggregates: seven places between trades, of which four are cuts.
    private static let cuts: [UInt8] = (UInt8(0)..<128).filter { $0.nonzeroBitCount == 4 }

    init(_ index: Int64, _ market: SyntheticSymbol) {
        self.index = index
        let slot = market.schedule.slot(ofGroup: index)
        let shape = Mixing.hash(market.shapeKey, index)
        let cuts = Self.cuts[Int(shape % 35)]
        var place = 0
        var first: Int64 = 0
        for trade in Int64(0)..<TradeSchedule.tradesPerGroup {
            let endsHere = trade == TradeSchedule.tradesPerGroup - 1 || cuts & (1 << UInt8(trade)) != 0
            guard endsHere else { continue }
            aggregates[place].firstTrade = first
            aggregates[place].tradeCount = trade - first + 1
            first = trade + 1
            place += 1
        }
        fill(market, slot, shape)
    }

    /// Times, sides and prices: some aggregates belong to the taker of the one before, and go on through the book.
    private mutating func fill(_ market: SyntheticSymbol, _ slot: TradeSchedule.Slot, _ shape: UInt64) {
        for place in 0..<Int(Self.aggregatesPerGroup) {
            let chance = shape >> (8 + 8 * UInt64(place))
            if place > 0, chance & 7 < 3 {
                let before = aggregates[place - 1]
                aggregates[place].timeMicros = before.timeMicros
                aggregates[place].isBuyerMaker = before.isBuyerMaker
                let step = market.sweepTicks * (1 + Int64(chance >> 3 & 3))
                aggregates[place].priceTicks = max(before.priceTicks + (before.isBuyerMaker ? -step : step), 1)
                continue
            }
            let first = aggregates[place].firstTrade
            let jitter = Int64(chance & 0xFF)
            let time = slot.startMicros + slot.lengthMicros * (first * 256 + jitter) / 2_048
            let isBuyerMaker = market.takerSells(atMicros: time, chance: shape &* 0x2545_F491_4F6C_DD1D &+ chance)
            aggregates[place].timeMicros = time
            aggregates[place].isBuyerMaker = isBuyerMaker
            // The taker who buys pays the ask, one tick above the bid.
            aggregates[place].priceTicks = max(market.bidTicks(atMicros: time) + (isBuyerMaker ? 0 : 1), 1)
        }
    }

    var firstTradeID: Int64 { index * TradeSchedule.tradesPerGroup }
    var firstAggregateID: Int64 { index * Self.aggregatesPerGroup }
}
