import MarketCore
import MarketWire

/// Everything live about one instrument. A frame is encoded when the first client takes it and is the same bytes for
/// all others until the value changes.
struct LiveEntry {
    let instrument: Instrument
    var info: InstrumentInfo?
    /// What was asked for last; nil where nobody asked, and what is configured holds.
    var subscription: SubscriptionRecord?
    private(set) var quote: Quote?
    /// The candle of the present day, open or closed: what `/ws/price` tells.
    private(set) var day: CandleRecord?
    private var open = [CandleRecord?](repeating: nil, count: Interval.allCases.count)
    /// Start of the newest window known to have closed.
    private var closedThrough = [Int64](repeating: .min, count: Interval.allCases.count)

    /// The newest closed window heard of, and whether it is known to be the newest there is.
    private var closed = [CandleRecord?](repeating: nil, count: Interval.allCases.count)
    private var isClosedKnown = [Bool](repeating: false, count: Interval.allCases.count)

    /// How many messages of the epoch each numbered topic has had.
    private var candleSeqs = [Int64](repeating: 0, count: Interval.allCases.count)
    private var tradeSeq: Int64 = 0

    private var priceMessage: FeedMessage?
    private var dayMessage: FeedMessage?
    private var openMessages = [FeedMessage?](repeating: nil, count: Interval.allCases.count)

    init(_ instrument: Instrument) { self.instrument = instrument }

    /// The open candle of an interval.
    func openCandle(_ interval: Interval) -> CandleRecord? { open[Int(interval.rawValue)] }

    /// The newest closed candle of an interval, if it is known.
    func lastClosed(_ interval: Interval) -> CandleRecord? {
        let slot = Int(interval.rawValue)
        return isClosedKnown[slot] ? closed[slot] : nil
    }

    /// Takes what the store says is the newest. Before that a closed candle may be one of long ago that was amended;
    /// what was heard of meanwhile and is newer counts.
    mutating func takeNewestClosed(_ candle: CandleRecord) {
        noteClosed(candle)
        isClosedKnown[Int(candle.interval.rawValue)] = true
    }

    /// The number of the last message of a topic; 0 where there was none.
    func seq(_ topic: LiveTopic) -> Int64 {
        switch topic {
        case .candle(_, let interval): candleSeqs[Int(interval.rawValue)]
        case .trades: tradeSeq
        case .price, .day, .status: 0
        }
    }

    /// Counts one more message of a topic.
    mutating func countMessage(_ topic: LiveTopic) {
        switch topic {
        case .candle(_, let interval): candleSeqs[Int(interval.rawValue)] += 1
        case .trades: tradeSeq += 1
        case .price, .day, .status: break
        }
    }

    /// A new epoch counts from the start.
    mutating func restart(_ numbering: FeedNumbering) {
        switch numbering {
        case .candles: candleSeqs = [Int64](repeating: 0, count: candleSeqs.count)
        case .trades: tradeSeq = 0
        }
    }

    mutating func forgetClosed() {
        for slot in closed.indices {
            closed[slot] = nil
            isClosedKnown[slot] = false
        }
    }

    /// Takes a price unless it is older than the one known.
    ///
    /// - Returns: whether it changed anything.
    mutating func take(_ quote: Quote) -> Bool {
        if let known = self.quote {
            guard quote != known, quote.isAtLeastAsNew(as: known) else { return false }
        }
        self.quote = quote
        priceMessage = nil
        dayMessage = nil
        return true
    }

    /// Takes an open candle unless its window has closed or a later state of it is known.
    ///
    /// - Returns: whether it changed anything.
    mutating func takeOpen(_ candle: CandleRecord) -> Bool {
        let slot = Int(candle.interval.rawValue)
        guard candle.windowStart > closedThrough[slot] else { return false }
        if let known = open[slot] {
            guard candle != known, candle.windowStart >= known.windowStart else { return false }
            if candle.windowStart == known.windowStart, candle.tradeCount < known.tradeCount { return false }
        }
        open[slot] = candle
        openMessages[slot] = nil
        if candle.interval == .oneDay { takeDay(candle) }
        return true
    }

    /// Takes a closed or amended candle: its window and those before it are open no more.
    mutating func takeClosed(_ candle: CandleRecord) {
        close(candle.interval, through: candle.windowStart)
        noteClosed(candle)
        if candle.interval == .oneDay { takeDay(candle) }
        guard candle.interval == .base else { return }
        // All intervals close by the same watermark, which has reached the end of this window.
        let end = candle.windowStart + candle.interval.seconds
        for interval in Interval.allCases where interval != .base {
            close(interval, through: end - interval.seconds)
        }
    }

    private mutating func noteClosed(_ candle: CandleRecord) {
        let slot = Int(candle.interval.rawValue)
        if let known = closed[slot], (candle.windowStart, candle.revision) < (known.windowStart, known.revision) {
            return
        }
        closed[slot] = candle
    }

    private mutating func close(_ interval: Interval, through windowStart: Int64) {
        let slot = Int(interval.rawValue)
        closedThrough[slot] = max(closedThrough[slot], windowStart)
        guard let known = open[slot], known.windowStart <= closedThrough[slot] else { return }
        open[slot] = nil
        openMessages[slot] = nil
    }

    private mutating func takeDay(_ candle: CandleRecord) {
        if let day, day.windowStart > candle.windowStart { return }
        if let day, day.windowStart == candle.windowStart, day.isClosed, !candle.isClosed { return }
        day = candle
        dayMessage = nil
    }

    /// The message of a value, if there is a value.
    mutating func message(_ topic: LiveTopic) -> FeedMessage? {
        switch topic {
        case .price:
            if priceMessage == nil, let quote {
                priceMessage = FeedFrame.price(symbol: instrument.key, quote)
            }
            return priceMessage
        case .day:
            if dayMessage == nil, let quote {
                dayMessage = FeedFrame.day(symbol: instrument.key, quote, day: day)
            }
            return dayMessage
        case .candle(_, let interval):
            let slot = Int(interval.rawValue)
            if openMessages[slot] == nil, let candle = open[slot] { openMessages[slot] = FeedFrame.candle(candle) }
            return openMessages[slot]
        case .status, .trades:
            return nil
        }
    }
}
