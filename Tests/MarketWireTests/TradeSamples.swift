import MarketCore
import MarketWire

/// Trades and records for tests.
enum TradeSamples {
    static let instruments = ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD", "coinbase:BTC-USD"].compactMap {
        try? Instrument(key: $0)
    }

    /// The record of the contract, byte for byte.
    static let contract =
        #"{"venue":"binance","symbol":"BTCUSDT","trade_id":123456,"price":"67000.01000000","quantity":"0.00100000","#
        + #""taker_side":"buy","event_time_us":1700000000123000,"received_time_us":1700000000130000}"#

    static func trade(using random: inout SeededRandom) -> Trade {
        let count = Int.random(in: 0..<4, using: &random) == 0 ? Int64.random(in: 1...1_000_000, using: &random) : 1
        let isFree = Int.random(in: 0..<50, using: &random) == 0
        return Trade(
            instrument: instruments[Int.random(in: 0..<instruments.count, using: &random)],
            tradeID: max(count - 1, digits(18, using: &random)),
            price: Price(raw: isFree ? 0 : max(1, digits(18, using: &random))),
            quantity: Quantity(raw: isFree ? 0 : Int128(digits(18, using: &random))),
            takerSide: Bool.random(using: &random) ? .buy : .sell,
            eventTimeMicros: Int64.random(in: 0..<7_258_118_400_000_000, using: &random),
            receivedTimeMicros: Int64.random(in: 0..<7_258_118_400_000_000, using: &random), tradeCount: count,
            aggregateID: Bool.random(using: &random) ? digits(18, using: &random) : nil)
    }

    /// A number of 1 to `most` digits, each length as likely.
    static func digits(_ most: Int, using random: inout SeededRandom) -> Int64 {
        var bound: Int64 = 1
        for _ in 0..<Int.random(in: 1...most, using: &random) { bound *= 10 }
        return Int64.random(in: 0..<bound, using: &random)
    }

    static func encoded(_ trade: Trade) -> [UInt8] {
        var bytes: [UInt8] = []
        TradeRecord.encode(trade, into: &bytes)
        return bytes
    }

    /// The same trade written as another program might: any order and spacing, escapes, numbers for texts, more fields.
    static func unusual(_ trade: Trade, using random: inout SeededRandom) -> [UInt8] {
        func money(_ text: String) -> String { Bool.random(using: &random) ? "\"\(text)\"" : text }
        func text(_ text: String) -> String {
            let escaped = text.unicodeScalars.map { scalar in
                guard Int.random(in: 0..<4, using: &random) == 0 else { return String(scalar) }
                let digits = String(scalar.value, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            return "\"\(escaped.joined())\""
        }
        var fields = [
            (text("venue"), text(trade.instrument.venue)), (text("symbol"), text(trade.instrument.symbol)),
            (text("trade_id"), "\(trade.tradeID)"), (text("price"), money(trade.price.description)),
            (text("quantity"), money(trade.quantity.formatted(minimumFraction: Int.random(in: 0...8, using: &random)))),
            (text("taker_side"), text(trade.takerSide == .buy ? "buy" : "sell")),
            (text("event_time_us"), "\(trade.eventTimeMicros)"),
            (text("received_time_us"), "\(trade.receivedTimeMicros)"),
        ]
        if trade.tradeCount != 1 || Bool.random(using: &random) {
            fields.append((text("trade_count"), "\(trade.tradeCount)"))
        }
        if let aggregate = trade.aggregateID {
            fields.append((text("aggregate_id"), "\(aggregate)"))
        } else if Bool.random(using: &random) {
            fields.append((text("aggregate_id"), "null"))
        }
        if Bool.random(using: &random) { fields.append(("\"extra é\"", "[{\"price\":1},null,1e999,\"\\n\"]")) }
        fields.shuffle(using: &random)
        func space() -> String { [" ", "", "", "\n\t", "\r\n"].randomElement(using: &random) ?? "" }
        let body = fields.map { "\(space())\($0.0)\(space()):\(space())\($0.1)\(space())" }.joined(separator: ",")
        return Array("\(space()){\(body)}\(space())".utf8)
    }
}
