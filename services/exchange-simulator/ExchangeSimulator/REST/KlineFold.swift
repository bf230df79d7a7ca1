import Exchanges
import MarketCore

/// Candles of a symbol, folded from its trades when they are asked for.
struct KlineFold {
    /// Trades that one request may fold; a longer answer is cut, as a page may be.
    static let maxTrades: Int64 = 2_000_000

    let tape: any MarketTape
    let symbol: Int
    let interval: BinanceInterval
    /// Where the tape is now.
    let position: Int64

    private var kind: BinanceStreamKind { tape.has(.trade) ? .trade : .aggTrade }

    /// The klines whose windows begin in `from...through`: the first `limit` of them, or the last where `from` is nil.
    ///
    /// - Throws: ``BinanceErrorBody`` where even one window has more trades than can be folded at once.
    func klines(from: Int64?, through: Int64?, limit: Int) throws(BinanceErrorBody) -> [BinanceKline] {
        let first = tape.firstID(kind, of: symbol)
        guard tape.lastID(kind, of: symbol, through: position) >= first,
            let firstTrade = tape.trades(kind, from: first, through: first, of: symbol).first
        else { return [] }
        let lowest = windowStart(ofMicros: firstTrade.timeMicros)
        let highest = windowStart(ofMicros: min(through ?? position, position))
        guard highest >= lowest else { return [] }
        var starts: [Int64] = []
        if let from {
            var start = windowStart(ofMicros: max(from, lowest))
            if start < from { start = windowEnd(ofStart: start) }
            while start <= highest, starts.count < limit {
                starts.append(start)
                start = windowEnd(ofStart: start)
            }
        } else {
            var start = highest
            while start >= lowest, starts.count < limit {
                starts.append(start)
                guard start > lowest else { break }
                start = windowStart(ofMicros: start - 1)
            }
        }
        let affordable = try cut(starts)
        return fold(from == nil ? affordable.reversed() : affordable)
    }

    /// The first windows, as many as can be folded.
    private func cut(_ starts: [Int64]) throws(BinanceErrorBody) -> [Int64] {
        var total: Int64 = 0
        for (place, start) in starts.enumerated() {
            let ids = ids(ofWindow: start)
            total += ids.last - ids.first + 1
            guard total > Self.maxTrades else { continue }
            guard place > 0 else {
                throw BinanceErrorBody(
                    status: 503, code: -1008,
                    message: "Server is currently overloaded with other requests. Please try again in a few minutes.")
            }
            return Array(starts[..<place])
        }
        return starts
    }

    private func ids(ofWindow start: Int64) -> (first: Int64, last: Int64) {
        let end = min(windowEnd(ofStart: start) - 1, position)
        return (
            tape.lastID(kind, of: symbol, through: start - 1) + 1, tape.lastID(kind, of: symbol, through: end)
        )
    }

    private func fold(_ starts: [Int64]) -> [BinanceKline] {
        var klines: [BinanceKline] = []
        var previousClose: Price?
        for start in starts {
            let ids = ids(ofWindow: start)
            var candle: Candle?
            if ids.first <= ids.last {
                tape.forEach(kind, ids.first...ids.last, of: symbol) { trade in
                    let own = Candle(
                        price: trade.price, quantity: trade.quantity, takerSide: trade.takerSide,
                        first: TradeKey(generation: 0, id: trade.firstTradeID),
                        last: TradeKey(generation: 0, id: trade.lastTradeID),
                        tradeCount: trade.lastTradeID - trade.firstTradeID + 1)
                    guard let own else { return }
                    // A sum beyond 10^22 units of quote is not reached by any recording.
                    if candle == nil { candle = own } else { _ = candle?.merge(own) }
                }
            }
            let before = previousClose ?? lastPrice(before: ids.first)
            guard let close = candle?.close ?? before else { continue }
            klines.append(
                Self.kline(start, windowEnd(ofStart: start), candle, flatAt: before ?? close))
            previousClose = close
        }
        return klines
    }

    private static func kline(_ start: Int64, _ end: Int64, _ candle: Candle?, flatAt close: Price) -> BinanceKline {
        var kline = BinanceKline(startMicros: start, endMicros: end, flatAt: close)
        guard let candle else { return kline }
        kline.open = candle.open
        kline.high = candle.high
        kline.low = candle.low
        kline.close = candle.close
        kline.volume = candle.volume
        kline.quoteVolume = candle.quoteVolume
        kline.tradeCount = candle.tradeCount
        kline.takerBuyVolume = candle.takerBuyVolume
        kline.takerBuyQuoteVolume = candle.takerBuyQuoteVolume
        kline.firstTradeID = candle.first.id
        kline.lastTradeID = candle.last.id
        return kline
    }

    private func windowStart(ofMicros time: Int64) -> Int64 {
        BinanceCalendar(interval).windowStart(ofSeconds: time / 1_000_000) * 1_000_000
    }

    private func windowEnd(ofStart start: Int64) -> Int64 {
        BinanceCalendar(interval).windowEnd(ofStart: start / 1_000_000) * 1_000_000
    }

    private func lastPrice(before id: Int64) -> Price? {
        tape.trades(kind, from: id - 1, through: id - 1, of: symbol).last?.price
    }
}
