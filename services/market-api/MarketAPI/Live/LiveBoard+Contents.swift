import MarketCore
import MarketWire

extension LiveBoard {
    /// All that the board's lock guards.
    struct Contents {
        var entries: [LiveEntry] = []
        var numbers: [String: Int] = [:]
        var venues: VenueMonitor
        var epochs: [FeedNumbering: String]
        let trades: TradeTail
        var feed = Feed.starting
        var subscribers = LiveSubscribers()
        var status: FeedMessage?
        /// Event time of the newest trade of each venue.
        var newestMicros: [String: Int64] = [:]
        var listeners: [any LiveListener] = []

        init(venues: VenueMonitor, epochs: [FeedNumbering: String], trades: TradeTail) {
            self.venues = venues
            self.epochs = epochs
            self.trades = trades
        }

        /// The number of an instrument, a new one if need be; nil when there is no room.
        mutating func index(of instrument: Instrument, atMicros now: Int64) -> Int? {
            if let index = numbers[instrument.key] { return index }
            guard entries.count < LiveBoard.instrumentLimit else { return nil }
            entries.append(LiveEntry(instrument))
            numbers[instrument.key] = entries.count - 1
            venues.watch(instrument.venue, atMicros: now)
            return entries.count - 1
        }

        func entry(_ instrument: Instrument) -> LiveEntry? { numbers[instrument.key].map { entries[$0] } }

        /// The latest message of a value.
        mutating func message(_ topic: LiveTopic) -> FeedMessage? {
            guard let index = topic.instrument else { return status }
            return entries[index].message(topic)
        }

        /// Takes the price and the open candles of an instrument.
        ///
        /// - Returns: whether the price is a new one.
        mutating func take(_ update: LiveUpdateRecord, of index: Int) -> Bool {
            let quote = Quote(price: update.price, tradeID: update.tradeID, eventTimeMicros: update.eventTimeMicros)
            let isNew = entries[index].take(quote)
            if isNew {
                let venue = entries[index].instrument.venue
                newestMicros[venue] = max(newestMicros[venue] ?? .min, quote.eventTimeMicros)
                subscribers.mark(.price(index))
                subscribers.mark(.day(index))
            }
            for candle in update.candles where entries[index].takeOpen(candle) {
                subscribers.mark(.candle(index, candle.interval))
                if candle.interval == .oneDay { subscribers.mark(.day(index)) }
            }
            return isNew
        }

        // MARK: Numbering

        /// Where a topic stands; nil of one that is not numbered.
        func position(_ topic: LiveTopic) -> FeedPosition? {
            guard let index = topic.instrument, let epoch = topic.numbering.flatMap({ epochs[$0] }) else { return nil }
            return FeedPosition(topic: topic, epoch: epoch, seq: entries[index].seq(topic))
        }

        /// Numbers a message and hands it to all who follow its topic.
        mutating func deliver(
            _ topic: LiveTopic, windowStart: Int64? = nil, _ make: (FeedPosition) -> FeedMessage
        ) {
            guard let index = topic.instrument else { return }
            entries[index].countMessage(topic)
            guard var position = position(topic) else { return }
            position.windowStart = windowStart
            subscribers.deliver(position) { make(position) }
        }

        /// Begins a new epoch and tells everybody.
        mutating func restart(_ numbering: FeedNumbering, epoch: String) {
            epochs[numbering] = epoch
            for index in entries.indices { entries[index].restart(numbering) }
            subscribers.interrupt(numbering)
        }

        // MARK: Snapshots

        /// What is known of an instrument now.
        func snapshot(_ index: Int, _ selection: FeedSelection) -> FeedMessage {
            let entry = entries[index]
            return FeedFrame.snapshot(
                FeedSnapshot(
                    symbol: entry.instrument.key, quote: entry.quote,
                    open: selection.intervals.compactMap { entry.openCandle($0) },
                    closed: selection.intervals.compactMap { entry.lastClosed($0) },
                    // These may be ahead of the numbering, never behind: what is told again has the same id.
                    trades: selection.hasTrades
                        ? trades.newest(entry.instrument, limit: FeedSnapshot.tradeLimit) : nil,
                    positions: selection.numberedTopics(index).compactMap(position)))
        }

        /// What stands for topics of which a client has not got everything: the gap of each, if there is one, and one
        /// snapshot an instrument.
        func snapshots(
            of topics: some Sequence<LiveTopic>, gap: (FeedPosition) -> (Mailbox.Gap, Mailbox.Loss)?
        ) -> [FeedMessage] {
            var selections: [Int: FeedSelection] = [:]
            for topic in topics {
                guard let index = topic.instrument else { continue }
                var selection = selections[index] ?? FeedSelection(hasPrice: false)
                if case .candle(_, let interval) = topic { selection.intervals.append(interval) }
                if case .trades = topic { selection.hasTrades = true }
                selections[index] = selection
            }
            var messages: [FeedMessage] = []
            for (index, var selection) in selections.sorted(by: { $0.key < $1.key }) {
                selection.intervals.sort { $0.seconds < $1.seconds }
                for position in selection.numberedTopics(index).compactMap(position) {
                    guard let (reason, loss) = gap(position) else { continue }
                    messages.append(
                        FeedFrame.gap(reason, symbol: entries[index].instrument.key, loss, to: position))
                }
                messages.append(snapshot(index, selection))
            }
            return messages
        }
    }
}
