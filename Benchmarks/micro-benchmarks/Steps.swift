import Exchanges
import MarketCore
import MarketWire
import WebSockets

/// What is measured: each makes its material and gives back a closure that does a batch of 1,000 and says something of
/// its result.
enum Steps {
    static let batchSize = 1_000

    static var all: [String: () -> () -> Int] {
        [
            "decode": decode, "decode-general": decodeGeneral, "step": step, "encode": encode,
            "venue-message": venueMessage, "candle": candle, "frame": frame,
        ]
    }

    private static let instruments = (0..<50).compactMap { try? Instrument(key: "BENCH\($0)USDT") }
    /// 14 November 2023, 22:13:20 UTC.
    private static let startMicros: Int64 = 1_700_000_000_000_000

    /// The trades of one batch: ids go on by one for each instrument, times by half a millisecond.
    private static func trades(batch: Int) -> [Trade] {
        (0..<batchSize).map { index in
            let number = batch * batchSize + index
            let time = startMicros + Int64(number) * 500
            return Trade(
                instrument: instruments[number % instruments.count], tradeID: Int64(1 + number / instruments.count),
                price: Price(raw: 6_712_345_000_000 + Int64(number % 977) * 1_000_000),
                quantity: Quantity(raw: Int128(1 + number % 100_000) * 1_000),
                takerSide: number % 3 == 0 ? .sell : .buy,
                eventTimeMicros: time, receivedTimeMicros: time)
        }
    }

    private static func records() -> [(key: [UInt8], value: [UInt8])] {
        trades(batch: 0).map { trade in
            var value: [UInt8] = []
            TradeRecord.encode(trade, into: &value)
            return (Array(trade.instrument.key.utf8), value)
        }
    }

    /// A record of the topic `trades` into the batch of a partition.
    private static func decode() -> () -> Int {
        let records = records()
        let decoder = TradeBatchDecoder(partitions: 1)
        var table = InstrumentTable(limit: 100)
        for instrument in instruments { _ = try? table.index(ofKey: instrument.key) }
        let decoding = Decoding(decoder, table)
        return {
            for (offset, record) in records.enumerated() { decoding.decode(record.key, record.value, Int64(offset)) }
            return decoding.finish()
        }
    }

    /// The same by the parser that takes any JSON.
    private static func decodeGeneral() -> () -> Int {
        let records = records()
        let decoding = Decoding(TradeBatchDecoder(partitions: 1), InstrumentTable(limit: 100))
        let version = Array(WireSchema.version.utf8)
        return {
            for (offset, record) in records.enumerated() {
                decoding.decodeGeneral(record.key, record.value, Int64(offset), version)
            }
            return decoding.finish()
        }
    }

    /// A decoded trade into the candles of its instrument, windows closing and commits taken as they come.
    private static func step() -> () -> Int {
        let stepping = Stepping(instruments)
        var batch = 0
        return {
            let count = stepping.step(batch, startMicros: startMicros, batchSize: batchSize)
            batch += 1
            return count
        }
    }

    /// A trade as a record of the topic.
    private static func encode() -> () -> Int {
        let trades = trades(batch: 0)
        var bytes: [UInt8] = []
        return {
            var count = 0
            for trade in trades {
                bytes.removeAll(keepingCapacity: true)
                TradeRecord.encode(trade, into: &bytes)
                count += bytes.count
            }
            return count
        }
    }

    /// A message of Binance's combined stream into a trade.
    private static func venueMessage() -> () -> Int {
        let decoder = BinanceDecoder(instruments)
        let messages = trades(batch: 0).map { trade in
            var bytes: [UInt8] = []
            BinanceStreamMessage.appendCombined(stream: "\(trade.instrument.symbol.lowercased())@trade", to: &bytes) {
                let own = BinanceTrade(
                    id: trade.tradeID, firstTradeID: trade.tradeID, lastTradeID: trade.tradeID, price: trade.price,
                    quantity: trade.quantity, timeMicros: trade.eventTimeMicros, isBuyerMaker: trade.takerSide == .sell)
                BinanceStreamMessage.append(
                    trade: own, symbol: trade.instrument.symbol, eventTimeMicros: trade.eventTimeMicros, to: &$0)
            }
            return bytes
        }
        return {
            var count = 0
            for message in messages {
                guard case .trade(let trade)? = try? decoder.decode(message.span.bytes, receivedTimeMicros: startMicros)
                else { continue }
                count += Int(trade.tradeID)
            }
            return count
        }
    }

    /// A closed candle as JSON.
    private static func candle() -> () -> Int {
        let record = CandleRecord(
            symbol: "BTCUSDT", interval: .base, windowStart: 1_700_000_000, open: Price(raw: 6_712_345_000_000),
            high: Price(raw: 6_718_001_000_000), low: Price(raw: 6_710_050_000_000),
            close: Price(raw: 6_715_025_000_000), volume: Quantity(raw: 1_234_567_000), quoteVolume: .zero,
            tradeCount: 100, takerBuyVolume: Quantity(raw: 7_000_000), takerBuyQuoteVolume: .zero, firstTradeID: 1_000,
            lastTradeID: 1_099, missingTrades: 0, revision: 1,
            isClosed: true)
        var bytes: [UInt8] = []
        return {
            for _ in 0..<batchSize {
                bytes.removeAll(keepingCapacity: true)
                record.encode(into: &bytes)
            }
            return bytes.count
        }
    }

    /// A text of the length of a price message as the frame that all clients share.
    private static func frame() -> () -> Int {
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: 120)
        return {
            var count = 0
            for _ in 0..<batchSize { count += WebSocketFrameBytes.text(text).count }
            return count
        }
    }
}
