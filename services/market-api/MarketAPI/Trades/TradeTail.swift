import MarketCore
import Synchronization

/// The newest trades of every instrument, out of the topic `trades`, in memory.
///
/// - ``newest(_:limit:)`` and ``page(_:fromID:limit:)`` answer from memory, ascending by id, without duplicates.
/// - ``add(_:)`` has a ``TradeListener`` told of every trade that comes in from then on. Listening first and then
///   asking for the newest trades misses none in between.
/// - ``state`` says whether that is all there is now: after a start, and while Kafka is away, it is not.
///
/// Memory is bounded by ``Bounds``: of an instrument's trades the oldest is dropped; with more instruments than there
/// is room for each keeps fewer. Trades of quantity 0 are none and are left out.
final class TradeTail: Sendable {
    struct Bounds: Hashable, Sendable {
        /// Trades kept of one instrument at most.
        var perInstrument = 1_000
        /// Trades kept of all instruments together at most; some 112 bytes each.
        var total = 500_000
    }

    enum State: Hashable, Sendable {
        /// What the log holds is still being read.
        case starting
        case following
        /// Kafka cannot be read now.
        case interrupted
    }

    /// A trade on its way in.
    struct Arrival: Sendable {
        let trade: Trade
        /// Whether listeners are told of it, unless it is known.
        let isNew: Bool
    }

    /// Those who listen ask the tail as well, and hold it.
    private struct Listener: Sendable {
        weak var object: (any TradeListener)?
    }

    private struct Contents {
        var tapes: [Instrument: TradeTape] = [:]
        var count = 0
        var state = State.starting
        var listeners: [Listener] = []
    }

    private let bounds: Bounds
    private let contents = Mutex(Contents())

    init(bounds: Bounds = Bounds()) { self.bounds = bounds }

    // MARK: Asking

    /// How the tail stands to its log.
    var state: State { contents.withLock { $0.state } }

    /// The newest trades of an instrument, ascending by id, at most `limit`.
    func newest(_ instrument: Instrument, limit: Int) -> [Trade] {
        contents.withLock { $0.tapes[instrument]?.newest(limit) ?? [] }
    }

    /// The oldest kept trades of an instrument from an id on, ascending, at most `limit`. Where the first one's
    /// `firstTradeID` is above `id`, those before it are not kept (any more).
    func page(_ instrument: Instrument, fromID id: Int64, limit: Int) -> [Trade] {
        contents.withLock { $0.tapes[instrument]?.page(fromID: id, limit: limit) ?? [] }
    }

    /// Tells one more of everything that comes in from now on, as long as somebody else holds it.
    func add(_ listener: any TradeListener) { contents.withLock { $0.listeners.append(Listener(object: listener)) } }

    // MARK: What the log says

    /// Takes trades in their order, then tells those who listen of the new ones. One caller at a time.
    ///
    /// - Returns: how many had which outcome.
    @discardableResult
    func take(_ arrivals: [Arrival]) -> [TradeTape.Outcome: Int] {
        let (outcomes, new, listeners) = contents.withLock { contents in
            var outcomes: [TradeTape.Outcome: Int] = [:]
            var new: [Trade] = []
            for arrival in arrivals {
                let outcome = add(arrival.trade, to: &contents)
                outcomes[outcome, default: 0] += 1
                // Whether one that is older than all that is kept was seen before cannot be told.
                if arrival.isNew, outcome == .added { new.append(arrival.trade) }
            }
            return (outcomes, new, contents.listeners)
        }
        if !new.isEmpty { for listener in listeners { listener.object?.tookTrades(new) } }
        return outcomes
    }

    private func add(_ trade: Trade, to contents: inout Contents) -> TradeTape.Outcome {
        let limit = share(of: contents, with: trade.instrument)
        let before = contents.tapes[trade.instrument]?.count ?? 0
        let outcome = contents.tapes[trade.instrument, default: TradeTape()].add(trade, limit: limit)
        contents.count += (contents.tapes[trade.instrument]?.count ?? 0) - before
        if contents.count > bounds.total { Self.trimAll(&contents, to: limit) }
        return outcome
    }

    /// The venue numbers an instrument's trades anew: those with the old numbers go.
    func restart(_ instrument: Instrument) {
        contents.withLock { contents in
            if let tape = contents.tapes.removeValue(forKey: instrument) { contents.count -= tape.count }
        }
    }

    func set(_ state: State) { contents.withLock { $0.state = state } }

    /// Trades may have passed unseen: tells everybody.
    func noteGap() {
        for listener in contents.withLock({ $0.listeners }) { listener.object?.missedTrades() }
    }

    /// How many trades each instrument may keep.
    private func share(of contents: Contents, with instrument: Instrument) -> Int {
        let instruments = contents.tapes.count + (contents.tapes[instrument] == nil ? 1 : 0)
        return max(1, min(bounds.perInstrument, bounds.total / max(1, instruments)))
    }

    private static func trimAll(_ contents: inout Contents, to limit: Int) {
        contents.count = 0
        for instrument in Array(contents.tapes.keys) {
            contents.tapes[instrument]?.trim(to: limit)
            contents.count += contents.tapes[instrument]?.count ?? 0
        }
    }
}
