import Exchanges
import MarketCore
import MarketWire
import ServiceKit
import Synchronization
import WebSockets

/// Who follows which stream, and the latest message of each.
///
/// It hears the board and the trade tail; every message is encoded once and the same bytes go to all.
final class StreamHub: LiveListener, TradeListener {
    /// A kline stream whose window began before anybody followed it: what it lacks is in history.
    struct Lack: Hashable, Sendable {
        let instrument: Instrument
        let calendar: BinanceCalendar
        let base: Interval
        /// Window starts, unix seconds.
        let from: Int64
    }

    fileprivate struct Source: Hashable {
        let instrument: Instrument
        let base: Interval
    }

    fileprivate struct Contents {
        var members: [MarketStream: [ObjectIdentifier: StreamMailbox]] = [:]
        var streams: [ObjectIdentifier: Set<MarketStream>] = [:]
        var series: [MarketStream: KlineSeries] = [:]
        /// Those of `members` that carry an instrument's trades one by one.
        var tradeStreams: [Instrument: Set<MarketStream>] = [:]
        /// Which kline streams are made from a stored candle.
        var made: [Source: Set<MarketStream>] = [:]
        var latest: [MarketStream: StreamMessage] = [:]
        /// What `latest` says of kline streams.
        var forming: [MarketStream: BinanceKline] = [:]
        /// What was told last, but for its times.
        var tickers: [MarketStream: BinanceTicker] = [:]
        var allTickers: [Instrument: BinanceTicker] = [:]
    }

    static let interrupted = WebSocketCloseError(
        .tryAgainLater, "live data was interrupted: read what was missed by REST and connect again")
    private static let broken = WebSocketCloseError(.internalError, "a candle cannot be computed")

    private let contents = Mutex(Contents())
    private let pending: PendingCandles
    private let intervals: [Interval]
    private let time: TimeSource
    /// One for each series that begins in the middle of a window; it asks again while that is so.
    let lacks: AsyncStream<Void>
    private let lack: AsyncStream<Void>.Continuation

    init(pending: PendingCandles, intervals: [Interval], time: TimeSource) {
        self.pending = pending
        self.intervals = intervals
        self.time = time
        (lacks, lack) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Clients

    /// Follows streams; their latest messages wait in the mailbox at once.
    func add(_ mailbox: StreamMailbox, to streams: [MarketStream]) {
        let member = ObjectIdentifier(mailbox)
        contents.withLock { contents in
            for stream in streams {
                if case .kline(let instrument, let calendar) = stream, contents.series[stream] == nil {
                    begin(stream, instrument, calendar, &contents)
                }
                contents.members[stream, default: [:]][member] = mailbox
                if let instrument = stream.tradesOf {
                    contents.tradeStreams[instrument, default: []].insert(stream)
                }
                contents.streams[member, default: []].insert(stream)
                if contents.latest[stream] != nil { mailbox.mark(stream) }
            }
        }
        lack.yield()
    }

    func remove(_ mailbox: StreamMailbox, from streams: [MarketStream]) {
        contents.withLock { contents in
            for stream in streams {
                contents.streams[ObjectIdentifier(mailbox)]?.remove(stream)
                contents.remove(ObjectIdentifier(mailbox), from: stream)
                mailbox.unmark(stream)
            }
        }
    }

    /// Forgets a client.
    func remove(_ mailbox: StreamMailbox) {
        let member = ObjectIdentifier(mailbox)
        contents.withLock { contents in
            for stream in contents.streams.removeValue(forKey: member) ?? [] { contents.remove(member, from: stream) }
        }
    }

    /// Takes what waits in a mailbox, the latest messages put in. No change falls between the two, so that a closed
    /// kline is never behind the one that follows it.
    func take(_ mailbox: StreamMailbox) -> [WebSocketFrameBytes] {
        contents.withLock { contents in
            let format = mailbox.format
            let waiting = mailbox.take()
            return waiting.replies + waiting.messages
                + waiting.changed.compactMap { contents.latest[$0]?.frame(format) }
        }
    }

    private func begin(
        _ stream: MarketStream, _ instrument: Instrument, _ calendar: BinanceCalendar, _ contents: inout Contents
    ) {
        let reached = pending.marketMicros(instrument.venue).map { $0 / 1_000_000 }
        guard
            let series = KlineSeries(
                calendar, among: intervals, reached: reached, pending: { pending.candles(instrument, $0) })
        else { return }
        contents.series[stream] = series
        contents.made[Source(instrument: instrument, base: series.base), default: []].insert(stream)
        refresh(stream, instrument, calendar, &contents)
    }

    // MARK: Klines

    func took(_ update: LiveUpdateRecord, of instrument: Instrument, isSnapshot: Bool) {
        contents.withLock { contents in
            for candle in update.candles {
                for stream in contents.made[Source(instrument: instrument, base: candle.interval)] ?? [] {
                    guard case .kline(_, let calendar) = stream, contents.series[stream]?.take(open: candle) ?? false
                    else { continue }
                    if contents.series[stream]?.isSeeded == false { lack.yield() }
                    refresh(stream, instrument, calendar, &contents)
                }
            }
        }
    }

    func tookClosed(_ candle: CandleRecord, of instrument: Instrument, isSnapshot: Bool) {
        contents.withLock { contents in
            for stream in contents.made[Source(instrument: instrument, base: candle.interval)] ?? [] {
                change(stream, &contents) { series throws(KlineError) in try series.take(closed: candle) }
            }
        }
    }

    func tookGap() {
        contents.withLock { contents in
            for stream in Array(contents.series.keys) { contents.end(stream, Self.interrupted) }
        }
    }

    /// What kline streams lack now.
    func lacking() -> [Lack] {
        contents.withLock { contents in
            contents.series.compactMap { stream, series in
                guard case .kline(let instrument, let calendar) = stream, !series.isSeeded, let next = series.next
                else { return nil }
                return Lack(
                    instrument: instrument, calendar: calendar, base: series.base,
                    from: calendar.windowStart(before: next))
            }
        }
    }

    /// Takes what history has of a lack: closed candles, ascending.
    func fill(_ lack: Lack, _ candles: [CandleRecord]) {
        contents.withLock { contents in
            change(.kline(lack.instrument, lack.calendar), &contents) { series throws(KlineError) in
                try series.seed(candles)
            }
        }
    }

    /// Changes a series, tells what has closed by it and what forms now.
    private func change(
        _ stream: MarketStream, _ contents: inout Contents,
        _ body: (inout KlineSeries) throws(KlineError) -> [BinanceKline]
    ) {
        guard case .kline(let instrument, let calendar) = stream, var series = contents.series[stream] else { return }
        do throws(KlineError) {
            let closed = try body(&series)
            contents.series[stream] = series
            guard !series.isOverfull else { return contents.end(stream, Self.interrupted) }
            for kline in closed {
                var message = StreamMessage(
                    kline, isClosed: true, instrument, calendar, eventMicros: time.wallMicros)
                contents.deliver(&message)
            }
            refresh(stream, instrument, calendar, &contents)
        } catch {
            contents.end(stream, Self.broken)
        }
    }

    private func refresh(
        _ stream: MarketStream, _ instrument: Instrument, _ calendar: BinanceCalendar, _ contents: inout Contents
    ) {
        let current: BinanceKline?
        do throws(KlineError) {
            current = try contents.series[stream]?.current()
        } catch {
            return contents.end(stream, Self.broken)
        }
        // An update may be about a window that is not told yet.
        guard current != contents.forming[stream] else { return }
        contents.forming[stream] = current
        contents.replace(
            stream,
            with: current.map {
                StreamMessage($0, isClosed: false, instrument, calendar, eventMicros: time.wallMicros)
            })
    }

    // MARK: Trades

    func tookTrades(_ trades: [Trade]) {
        contents.withLock { contents in
            guard !contents.tradeStreams.isEmpty else { return }
            for trade in trades {
                for stream in contents.tradeStreams[trade.instrument] ?? [] {
                    var message = StreamMessage(trade, stream, eventMicros: time.wallMicros)
                    contents.deliver(&message)
                }
            }
        }
    }

    func missedTrades() {
        contents.withLock { contents in
            for stream in contents.tradeStreams.values.joined() { contents.end(stream, Self.interrupted) }
        }
    }

    // MARK: Tickers

    /// The instruments whose tickers somebody follows; nil for all.
    func tickersWanted() -> Set<Instrument>? {
        contents.withLock { contents in
            guard contents.members[.allMiniTickers] == nil else { return nil }
            return Set(
                contents.members.keys.compactMap { stream in
                    switch stream {
                    case .ticker(let instrument), .miniTicker(let instrument): instrument
                    default: nil
                    }
                })
        }
    }

    /// Tells the tickers that have changed.
    func publish(_ tickers: [(Instrument, BinanceTicker)]) {
        let now = time.wallMicros
        contents.withLock { contents in
            for (instrument, ticker) in tickers {
                for stream in [MarketStream.ticker(instrument), .miniTicker(instrument)]
                where contents.members[stream] != nil && contents.tickers[stream] != ticker.timeless {
                    contents.tickers[stream] = ticker.timeless
                    contents.replace(stream, with: StreamMessage(ticker, stream, eventMicros: now))
                }
            }
            guard contents.members[.allMiniTickers] != nil else { return }
            let changed = tickers.filter { contents.allTickers[$0.0] != $0.1.timeless }
            guard !changed.isEmpty else { return }
            for (instrument, ticker) in changed { contents.allTickers[instrument] = ticker.timeless }
            var message = StreamMessage(all: changed.map(\.1), eventMicros: now)
            contents.deliver(&message)
        }
    }
}

extension BinanceTicker {
    /// Without when its 24 hours began and ended, which change all the time.
    fileprivate var timeless: BinanceTicker {
        var ticker = self
        ticker.openMicros = 0
        ticker.closeMicros = 0
        return ticker
    }
}

extension StreamHub.Contents {
    /// Hands a message that must not be left out to all who follow its stream.
    fileprivate mutating func deliver(_ message: inout StreamMessage) {
        guard let members = members[message.stream] else { return }
        for mailbox in members.values { mailbox.deliver(message.frame(mailbox.format)) }
    }

    /// Puts a message in the place of the latest one.
    fileprivate mutating func replace(_ stream: MarketStream, with message: StreamMessage?) {
        latest[stream] = message
        guard message != nil, let members = members[stream] else { return }
        for mailbox in members.values { mailbox.mark(stream) }
    }

    /// Sends all who follow a stream away; it begins anew with the next one who does.
    fileprivate mutating func end(_ stream: MarketStream, _ reason: WebSocketCloseError) {
        for mailbox in (members[stream] ?? [:]).values { mailbox.end(reason) }
        forget(stream)
    }

    fileprivate mutating func remove(_ member: ObjectIdentifier, from stream: MarketStream) {
        members[stream]?[member] = nil
        guard members[stream]?.isEmpty ?? true else { return }
        members[stream] = nil
        if let instrument = stream.tradesOf {
            tradeStreams[instrument]?.remove(stream)
            if tradeStreams[instrument]?.isEmpty ?? false { tradeStreams[instrument] = nil }
        }
        forget(stream)
    }

    private mutating func forget(_ stream: MarketStream) {
        latest[stream] = nil
        forming[stream] = nil
        tickers[stream] = nil
        if stream == .allMiniTickers { allTickers = [:] }
        guard case .kline(let instrument, _) = stream, let series = series.removeValue(forKey: stream) else { return }
        let source = StreamHub.Source(instrument: instrument, base: series.base)
        made[source]?.remove(stream)
        if made[source]?.isEmpty ?? false { made[source] = nil }
    }
}
