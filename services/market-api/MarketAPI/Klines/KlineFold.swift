import Exchanges
import MarketCore
import MarketWire

/// Candles of a stored interval put together to longer windows, exactly.
struct KlineFold: Sendable {
    let calendar: BinanceCalendar

    /// The longest stored interval of which every window of the calendar is made; nil where there is none.
    static func base(of calendar: BinanceCalendar, among intervals: [Interval]) -> Interval? {
        intervals.filter { calendar.isMade(ofWindowsOf: $0.seconds) }.max()
    }

    /// The klines of the windows in which something was traded.
    ///
    /// - Parameter candles: of one interval, ascending by window, none twice.
    func klines(_ candles: some Sequence<CandleRecord>) throws(KlineError) -> [BinanceKline] {
        var klines: [BinanceKline] = []
        for candle in candles {
            let start = calendar.windowStart(ofSeconds: candle.windowStart)
            if klines.last?.startMicros != start * 1_000_000 { klines.append(flat(start, candle.open)) }
            guard klines[klines.count - 1].append(BinanceKline(candle)) else { throw .overflow }
        }
        return klines
    }

    /// The same with flat ones where nothing was traded: from `start` on, `limit` of them at most, none that starts
    /// after `last`.
    ///
    /// - Parameters:
    ///   - traded: ascending, none before `start`.
    ///   - previousClose: the price before `start`; nil begins with the first of `traded`.
    func filled(
        _ traded: [BinanceKline], from start: Int64, through last: Int64, limit: Int, previousClose: Price?
    ) -> [BinanceKline] {
        var klines: [BinanceKline] = []
        var close = previousClose
        var next = start
        var rest = traded[...]
        while next <= last, klines.count < limit {
            if let kline = rest.first, kline.startMicros == next * 1_000_000 {
                klines.append(kline)
                close = kline.close
                rest = rest.dropFirst()
            } else if let close {
                klines.append(flat(next, close))
            }
            next = calendar.windowEnd(ofStart: next)
        }
        return klines
    }

    private func flat(_ start: Int64, _ price: Price) -> BinanceKline {
        BinanceKline(
            startMicros: start * 1_000_000, endMicros: calendar.windowEnd(ofStart: start) * 1_000_000, flatAt: price)
    }
}

/// Why there are no klines to give.
enum KlineError: Error, Hashable, Sendable {
    /// No stored interval divides what is asked for.
    case unsupportedInterval
    /// A sum is out of range.
    case overflow
    case history(HistoryError)
}

extension BinanceKline {
    init(_ candle: CandleRecord) {
        self.init(
            startMicros: candle.windowStart * 1_000_000,
            endMicros: (candle.windowStart + candle.interval.seconds) * 1_000_000, flatAt: candle.open)
        high = candle.high
        low = candle.low
        close = candle.close
        volume = candle.volume
        quoteVolume = candle.quoteVolume
        tradeCount = candle.tradeCount
        takerBuyVolume = candle.takerBuyVolume
        takerBuyQuoteVolume = candle.takerBuyQuoteVolume
        firstTradeID = candle.firstTradeID
        lastTradeID = candle.lastTradeID
    }
}
