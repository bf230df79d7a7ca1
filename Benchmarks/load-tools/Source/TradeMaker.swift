import Exchanges
import MarketCore
import WebSockets

/// Trades of some symbols in turn, as messages of Binance's combined stream. Ids count on from 1, of each symbol.
struct TradeMaker {
    private struct Stream {
        let symbol: String
        let name: String
    }

    private let streams: [Stream]
    private var place = 0
    private var id: Int64 = 1
    private var bytes: [UInt8] = []

    /// - Parameter symbols: upper case, one at least.
    init(symbols: [String]) {
        streams = symbols.map { Stream(symbol: $0, name: "\($0.lowercased())@trade") }
    }

    /// Adds trades that happen now.
    ///
    /// - Parameter timeMicros: unix microseconds. Binance gives milliseconds unless it is asked, the producer reads
    ///   both, and of milliseconds no latency could be told.
    mutating func append(_ count: Int, timeMicros: Int64, to frames: inout WebSocketFrameBytes) {
        for _ in 0..<count {
            let stream = streams[place]
            let trade = BinanceTrade(
                id: id, firstTradeID: id, lastTradeID: id, price: price, quantity: quantity, timeMicros: timeMicros,
                isBuyerMaker: id & 1 == 0)
            bytes.removeAll(keepingCapacity: true)
            BinanceStreamMessage.appendCombined(stream: stream.name, to: &bytes) {
                BinanceStreamMessage.append(
                    trade: trade, symbol: stream.symbol, eventTimeMicros: timeMicros, unit: .microsecond, to: &$0)
            }
            frames.append(text: bytes.span.bytes)
            place += 1
            if place == streams.count {
                place = 0
                id += 1
            }
        }
    }

    /// Up and down by cents, so that every candle has wicks.
    private var price: Price { Price(raw: (30_000 + Int64(place)) * 100_000_000 + id * 37 % 1_999 * 1_000_000) }

    private var quantity: Quantity { Quantity(raw: Int128(1 + id % 97) * 1_000_000) }
}
