import MarketCore
import MarketWire
import ServiceKit
import Synchronization

/// The present state of every followed instrument, and who wants to hear of it.
///
/// Memory is bounded by the number of instruments and of clients: values replace each other, and what waits for a
/// client is in its ``Mailbox``.
final class LiveBoard: TradeListener {
    /// How the board stands to its source, Redis.
    enum Feed: Hashable, Sendable {
        case starting
        case connected
        /// Since then, by the monotonic clock, nothing new comes in.
        case interrupted(sinceMicros: Int64)
    }

    /// More instruments than this are refused and counted.
    static let instrumentLimit = 20_000

    let contents: Mutex<Contents>
    /// From a trade's own time until it is here, to be handed to clients.
    let arrivals = LatencyWindow()
    private let trades: TradeTail
    private let epochs: EpochSource
    private let time: TimeSource

    /// - Parameters:
    ///   - instruments: followed from the start, the first is the default one.
    ///   - venueSilentAfterMillis: how long a venue may be without any trade.
    ///   - trades: where snapshots have their trades from.
    init(
        instruments: [Instrument], venueSilentAfterMillis: Int64, time: TimeSource, trades: TradeTail = TradeTail(),
        epochs: EpochSource = .system
    ) {
        self.time = time
        self.trades = trades
        self.epochs = epochs
        var contents = Contents(
            venues: VenueMonitor(silentAfterMillis: venueSilentAfterMillis),
            epochs: [.candles: epochs.next(), .trades: epochs.next()], trades: trades)
        for instrument in instruments { _ = contents.index(of: instrument, atMicros: time.monotonicMicros) }
        self.contents = Mutex(contents)
    }

    /// Tells one more of everything that comes in from now on.
    func add(_ listener: any LiveListener) { contents.withLock { $0.listeners.append(listener) } }

    /// Changes what the board holds, then wakes those whom it concerns: an event loop that is woken before the lock is
    /// free only waits for it.
    func change<Value: Sendable>(_ body: (inout Contents) -> Value) -> Value {
        let (value, called) = contents.withLock { contents in
            (body(&contents), contents.subscribers.takeCalled())
        }
        for mailbox in called { mailbox.wake() }
        return value
    }

    // MARK: What the source tells

    /// Takes messages of the channel `live`, in their order.
    ///
    /// - Parameter isSnapshot: whether they were read and not pushed.
    /// - Returns: how many found no room for their instrument.
    @discardableResult
    func take(_ messages: [LiveMessage], isSnapshot: Bool = false) -> Int {
        let now = time.monotonicMicros
        let wall = time.wallMicros
        return change { contents in
            var refused = 0
            for message in messages {
                guard let index = contents.index(of: message.instrument, atMicros: now) else {
                    refused += 1
                    continue
                }
                for listener in contents.listeners {
                    listener.took(message.update, of: message.instrument, isSnapshot: isSnapshot)
                }
                // A value that was read says nothing about when it was traded.
                if contents.take(message.update, of: index), !isSnapshot {
                    contents.venues.noteTrade(of: message.instrument.venue, atMicros: now)
                    arrivals.record(wall - message.update.eventTimeMicros, atMicros: wall)
                }
            }
            return refused
        }
    }

    /// Takes a message of the channel `candles`: a closed or amended candle.
    @discardableResult
    func takeClosed(_ candle: CandleRecord, of instrument: Instrument, isSnapshot: Bool = false) -> Bool {
        let now = time.monotonicMicros
        return change { contents in
            guard let index = contents.index(of: instrument, atMicros: now) else { return false }
            contents.entries[index].takeClosed(candle)
            for listener in contents.listeners { listener.tookClosed(candle, of: instrument, isSnapshot: isSnapshot) }
            if candle.interval == .oneDay { contents.subscribers.mark(.day(index)) }
            if !isSnapshot {
                contents.deliver(.candle(index, candle.interval), windowStart: candle.windowStart) { position in
                    FeedFrame.candle(candle, at: position)
                }
            }
            return true
        }
    }

    func tookTrades(_ trades: [Trade]) {
        let now = time.monotonicMicros
        change { contents in
            for trade in trades {
                guard let index = contents.index(of: trade.instrument, atMicros: now) else { continue }
                contents.deliver(.trades(index)) { position in FeedFrame.trade(trade, at: position) }
            }
        }
    }

    /// A new epoch of trades begins.
    func missedTrades() { change { $0.restart(.trades, epoch: epochs.next()) } }

    /// Takes what is known of the venue's instruments.
    func take(_ infos: [InstrumentInfo]) {
        let now = time.monotonicMicros
        contents.withLock { contents in
            for info in infos {
                guard let index = contents.index(of: info.instrument, atMicros: now) else { continue }
                contents.entries[index].info = info
            }
        }
    }

    /// Takes what was asked for: whether producers follow an instrument.
    func take(_ record: SubscriptionRecord, of instrument: Instrument) {
        let now = time.monotonicMicros
        contents.withLock { contents in
            // What nobody follows and nothing is known of needs no place.
            guard record.isFollowed || contents.numbers[instrument.key] != nil,
                let index = contents.index(of: instrument, atMicros: now)
            else { return }
            contents.entries[index].subscription = record
        }
    }

    /// Nobody has asked for an instrument, or against it.
    func forgetSubscription(of instrument: Instrument) {
        contents.withLock { contents in
            if let index = contents.numbers[instrument.key] { contents.entries[index].subscription = nil }
        }
    }

    /// The source is there (again). Whatever was published meanwhile is lost: a new epoch begins, and clients are told.
    func feedConnected() {
        let now = time.monotonicMicros
        change { contents in
            if case .interrupted = contents.feed {
                contents.venues.restart(atMicros: now)
                contents.restart(.candles, epoch: epochs.next())
                for listener in contents.listeners { listener.tookGap() }
            }
            contents.feed = .connected
        }
    }

    /// The source is gone.
    func feedInterrupted() {
        let now = time.monotonicMicros
        contents.withLock { contents in
            if case .interrupted = contents.feed { return }
            contents.feed = .interrupted(sinceMicros: now)
            // What closes from now on is not heard of.
            for index in contents.entries.indices { contents.entries[index].forgetClosed() }
        }
    }

    /// Messages of the source were dropped here: closed candles may be among them.
    func feedDropped() {
        change { contents in
            for index in contents.entries.indices { contents.entries[index].forgetClosed() }
            contents.restart(.candles, epoch: epochs.next())
            for listener in contents.listeners { listener.tookGap() }
        }
    }

    // MARK: What is asked

    var feed: Feed { contents.withLock { $0.feed } }

    /// Every instrument, in the order in which it became known.
    var instruments: [(info: InstrumentInfo, quote: Quote?, subscription: SubscriptionRecord?)] {
        contents.withLock { contents in
            contents.entries.map { ($0.info ?? InstrumentInfo(instrument: $0.instrument), $0.quote, $0.subscription) }
        }
    }

    var instrumentCount: Int { contents.withLock { $0.entries.count } }

    /// Whether there may be candles of an instrument, though nobody follows it any more.
    func isKnown(_ instrument: Instrument) -> Bool { contents.withLock { $0.numbers[instrument.key] != nil } }

    func isFollowed(_ instrument: Instrument) -> Bool {
        contents.withLock { $0.entry(instrument).map { $0.subscription?.isFollowed ?? true } ?? false }
    }

    func subscription(_ instrument: Instrument) -> SubscriptionRecord? {
        contents.withLock { $0.entry(instrument)?.subscription }
    }

    /// What an answer about an instrument's price needs, seen at one moment.
    func standing(of instrument: Instrument) -> (isFollowed: Bool, quote: Quote?, feed: Feed) {
        contents.withLock { contents in
            guard let index = contents.numbers[instrument.key] else { return (false, nil, contents.feed) }
            return (
                contents.entries[index].subscription?.isFollowed ?? true, contents.entries[index].quote, contents.feed
            )
        }
    }

    func quote(_ instrument: Instrument) -> Quote? { contents.withLock { $0.entry(instrument)?.quote } }

    func openCandle(_ instrument: Instrument, _ interval: Interval) -> CandleRecord? {
        contents.withLock { $0.entry(instrument)?.openCandle(interval) }
    }

    /// Takes the newest closed candle that the store has, read while the feed was connected.
    func takeNewestClosed(_ candle: CandleRecord, of instrument: Instrument) {
        contents.withLock { contents in
            guard contents.feed == .connected, let index = contents.numbers[instrument.key] else { return }
            contents.entries[index].takeNewestClosed(candle)
        }
    }

    /// The newest closed candle of an interval; nil while it is not known.
    func lastClosed(_ instrument: Instrument, _ interval: Interval) -> CandleRecord? {
        contents.withLock { $0.entry(instrument)?.lastClosed(interval) }
    }

    /// The market's time: that of the newest trade of any symbol; unix microseconds, nil before the first. A trade that
    /// claims to be of the future does not move it past the clock.
    var marketTimeMicros: Int64? {
        contents.withLock { $0.newestMicros.values.max() }.map { min($0, time.wallMicros) }
    }

    /// The newest trade's time at one venue, likewise.
    func marketTimeMicros(of venue: String) -> Int64? {
        contents.withLock { $0.newestMicros[venue] }.map { min($0, time.wallMicros) }
    }

    func venueReports() -> [VenueMonitor.Report] {
        let now = time.monotonicMicros
        return contents.withLock { $0.venues.reports(atMicros: now) }
    }
}
