import MarketCore
import Synchronization

/// The newest trades of every instrument, out of the topic `trades`, in memory.
///
/// - ``newest(_:limit:)`` and ``page(_:fromID:limit:)`` answer from memory, ascending by id, without duplicates.
/// - ``follow(_:limit:)`` hands over every trade that comes in from then on, in the order of arrival: trades that were
///   missed and fetched afterwards come late, with lower ids, as far as they are not older than all that is kept.
///   Following first and then asking for the newest trades misses none in between.
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

    private struct Contents {
        var tapes: [Instrument: TradeTape] = [:]
        var count = 0
        var state = State.starting
        var followers: [Instrument: [ObjectIdentifier: TradeSubscription]] = [:]
        var followersOfAll: [ObjectIdentifier: TradeSubscription] = [:]
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

    /// Every trade of some instruments from now on, until the subscription is cancelled.
    ///
    /// - Parameters:
    ///   - instruments: nil for all, those that come up later included.
    ///   - limit: how many trades wait at most. When there are more, all that wait are dropped together and the next
    ///     ``TradeSubscription/Batch`` says that there is a gap.
    func follow(_ instruments: [Instrument]?, limit: Int) -> TradeSubscription {
        let subscription = TradeSubscription(limit: limit)
        subscription.onCancel { [weak self, weak subscription] in
            guard let self, let subscription else { return }
            self.remove(subscription, instruments)
        }
        let id = ObjectIdentifier(subscription)
        contents.withLock { contents in
            guard let instruments else {
                contents.followersOfAll[id] = subscription
                return
            }
            for instrument in instruments { contents.followers[instrument, default: [:]][id] = subscription }
        }
        return subscription
    }

    private func remove(_ subscription: TradeSubscription, _ instruments: [Instrument]?) {
        let id = ObjectIdentifier(subscription)
        contents.withLock { contents in
            contents.followersOfAll[id] = nil
            for instrument in instruments ?? [] {
                contents.followers[instrument]?[id] = nil
                if contents.followers[instrument]?.isEmpty ?? false { contents.followers[instrument] = nil }
            }
        }
    }

    // MARK: What the log says

    /// Takes a trade.
    ///
    /// - Parameter isNew: whether followers are told of it, unless it is known.
    @discardableResult
    func take(_ trade: Trade, isNew: Bool) -> TradeTape.Outcome {
        contents.withLock { contents in
            let limit = share(of: contents, with: trade.instrument)
            let before = contents.tapes[trade.instrument]?.count ?? 0
            let outcome = contents.tapes[trade.instrument, default: TradeTape()].add(trade, limit: limit)
            contents.count += (contents.tapes[trade.instrument]?.count ?? 0) - before
            if contents.count > bounds.total { Self.trimAll(&contents, to: limit) }
            // Whether one that is older than all that is kept was seen before cannot be told.
            guard isNew, outcome == .added else { return outcome }
            for follower in contents.followersOfAll.values { follower.deliver(trade) }
            if let followers = contents.followers[trade.instrument] {
                for follower in followers.values { follower.deliver(trade) }
            }
            return outcome
        }
    }

    /// The venue numbers an instrument's trades anew: those with the old numbers go.
    func restart(_ instrument: Instrument) {
        contents.withLock { contents in
            if let tape = contents.tapes.removeValue(forKey: instrument) { contents.count -= tape.count }
        }
    }

    func set(_ state: State) { contents.withLock { $0.state = state } }

    /// Trades may have passed unseen: tells every follower.
    func noteGap() {
        contents.withLock { contents in
            for follower in contents.followersOfAll.values { follower.deliverGap() }
            for followers in contents.followers.values { for follower in followers.values { follower.deliverGap() } }
        }
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
