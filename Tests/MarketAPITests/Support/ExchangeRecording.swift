import FoundationEssentials
import MarketCore
import MarketWire
import Testing

@testable import MarketAPI

/// A recorded morning of the exchange: its trades, and its own minutes of them.
struct ExchangeRecording {
    /// Every aggregate trade, ascending.
    let trades: [Trade]
    /// The exchange's klines, each the twelve fields of its file.
    let klines: [[String]]

    init() throws {
        let tests = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        func lines(_ name: String) throws -> [[String]] {
            let path = "/\(tests)/Data/binance-spot-BTCUSDT-2020-01-02/\(name)"
            let data = try #require(FileManager.default.contents(atPath: path), "\(path) cannot be read")
            return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map {
                $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
        }
        klines = try lines("BTCUSDT-1m-2020-01-02-1511-1517.csv")
        let instrument = try Sample.instrument("BTCUSDT")
        trades = try lines("BTCUSDT-aggTrades-2020-01-02.part.csv").map { line in
            let aggregate: Int64 = try #require(Int64(line[0]))
            let (first, last) = (try #require(Int64(line[3])), try #require(Int64(line[4])))
            let micros = try #require(Int64(line[5])) * 1_000
            return Trade(
                instrument: instrument, tradeID: last, price: try #require(Price(line[1])),
                quantity: try #require(Quantity(line[2])), takerSide: line[6] == "True" ? .sell : .buy,
                eventTimeMicros: micros, receivedTimeMicros: micros, tradeCount: last - first + 1,
                aggregateID: aggregate)
        }
    }

    /// The candles of an interval, ascending.
    func candles(_ interval: Interval) throws -> [CandleRecord] {
        var candles: [(start: Int64, candle: Candle)] = []
        for trade in trades {
            let start = interval.windowStart(ofTimeMicros: trade.eventTimeMicros)
            let own = try #require(
                Candle(
                    price: trade.price, quantity: trade.quantity, takerSide: trade.takerSide,
                    first: TradeKey(generation: 0, id: trade.firstTradeID),
                    last: TradeKey(generation: 0, id: trade.tradeID), tradeCount: trade.tradeCount))
            if candles.last?.start == start {
                let isMerged = candles[candles.count - 1].candle.merge(own)
                try #require(isMerged)
            } else {
                candles.append((start, own))
            }
        }
        return candles.map { start, candle in
            CandleRecord(
                symbol: "BTCUSDT", interval: interval, windowStart: start, open: candle.open, high: candle.high,
                low: candle.low, close: candle.close, volume: candle.volume, quoteVolume: candle.quoteVolume,
                tradeCount: candle.tradeCount, takerBuyVolume: candle.takerBuyVolume,
                takerBuyQuoteVolume: candle.takerBuyQuoteVolume, firstTradeID: candle.first.id,
                lastTradeID: candle.last.id, missingTrades: 0, revision: 1, isClosed: true)
        }
    }

    /// Puts the price of the last trade on a board.
    func publish(on board: LiveBoard) throws {
        let last = try #require(trades.last)
        board.take(
            LiveUpdateRecord(
                symbol: "BTCUSDT", price: last.price, tradeID: last.tradeID, eventTimeMicros: last.eventTimeMicros,
                candles: []),
            of: last.instrument)
    }
}
