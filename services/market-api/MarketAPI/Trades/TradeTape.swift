import MarketCore

/// The newest trades of one instrument, ascending by id, no id twice.
///
/// Two producers may send each trade, and backfill sends old ones late: a trade takes the place that its id gives it.
/// Aggregates stay aggregates; what overlaps with a trade that is there is known already.
struct TradeTape: Sendable {
    /// What became of a trade.
    enum Outcome: String, CaseIterable, Sendable {
        case added
        /// Some or all of its ids are there already.
        case known
        /// Older than all that is kept.
        case old
        /// Its id does not go with its time: the processor puts such records aside, too.
        case refused
    }

    /// A numbering that is refused this many times in a row is the instrument's new one: a tape has no ledger to guard.
    static let refusalsInARow = 16
    private static let rules = ProcessingRules()

    private var trades: [Trade] = []
    /// Where `trades` begins to count: what was dropped is cleared away in larger pieces.
    private var head = 0
    private var refusals = 0

    /// How many there are.
    var count: Int { trades.count - head }

    /// Takes a trade in; of more than `limit` the oldest is dropped.
    mutating func add(_ trade: Trade, limit: Int) -> Outcome {
        if isRefused(trade) {
            refusals += 1
            guard refusals >= Self.refusalsInARow else { return .refused }
            removeAll()
        }
        refusals = 0
        let place = index(of: trade.tradeID)
        if place < trades.count, trades[place].firstTradeID <= trade.tradeID { return .known }
        if place > head, trades[place - 1].tradeID >= trade.firstTradeID { return .known }
        if place == head, count >= limit { return .old }
        trades.insert(trade, at: place)
        trim(to: limit)
        return .added
    }

    /// Drops the oldest, as many as are too many.
    mutating func trim(to limit: Int) {
        guard count > limit else { return }
        head = trades.count - limit
        guard head > limit / 4 else { return }
        trades.removeFirst(head)
        head = 0
    }

    /// Forgets everything, where the venue numbers anew.
    mutating func removeAll() {
        trades.removeAll(keepingCapacity: true)
        head = 0
        refusals = 0
    }

    /// The newest `limit`, ascending.
    func newest(_ limit: Int) -> [Trade] { Array(trades[max(head, trades.count - max(0, limit))...]) }

    /// The oldest `limit` from an id on, ascending; an aggregate that holds the id is among them.
    func page(fromID id: Int64, limit: Int) -> [Trade] { Array(trades[index(of: id)...].prefix(max(0, limit))) }

    /// Place of the first trade whose (last) id is not below `id`.
    private func index(of id: Int64) -> Int {
        // Nearly every trade is newer than all others.
        guard let last = trades.last, last.tradeID >= id else { return trades.count }
        var lower = head
        var upper = trades.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if trades[middle].tradeID < id { lower = middle + 1 } else { upper = middle }
        }
        return lower
    }

    private func isRefused(_ trade: Trade) -> Bool {
        guard count > 0, let newest = trades.last else { return false }
        let sinceMicros = trade.eventTimeMicros - newest.eventTimeMicros
        if trade.tradeID <= newest.tradeID { return sinceMicros > Self.rules.idRestartMicros }
        let perTime = max(0, sinceMicros) / 1_000_000 * Self.rules.idJumpPerSecond
        return trade.tradeID - newest.tradeID > Self.rules.idJumpLimit + perTime
    }
}
