import MarketCore
import MarketWire
import WebSockets

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

    private var priceFrame: WebSocketFrameBytes?
    private var dayFrame: WebSocketFrameBytes?
    private var openFrames = [WebSocketFrameBytes?](repeating: nil, count: Interval.allCases.count)

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
        priceFrame = nil
        dayFrame = nil
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
        openFrames[slot] = nil
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
        openFrames[slot] = nil
    }

    private mutating func takeDay(_ candle: CandleRecord) {
        if let day, day.windowStart > candle.windowStart { return }
        if let day, day.windowStart == candle.windowStart, day.isClosed, !candle.isClosed { return }
        day = candle
        dayFrame = nil
    }

    /// The text frame of a value, if there is a value.
    mutating func frame(_ topic: LiveTopic) -> WebSocketFrameBytes? {
        switch topic {
        case .price:
            if priceFrame == nil, let quote {
                priceFrame = FeedFrame.price(symbol: instrument.key, quote)
            }
            return priceFrame
        case .day:
            if dayFrame == nil, let quote {
                dayFrame = FeedFrame.day(symbol: instrument.key, quote, day: day)
            }
            return dayFrame
        case .candle(_, let interval):
            let slot = Int(interval.rawValue)
            if openFrames[slot] == nil, let candle = open[slot] { openFrames[slot] = FeedFrame.candle(candle) }
            return openFrames[slot]
        case .status:
            return nil
        }
    }
}
