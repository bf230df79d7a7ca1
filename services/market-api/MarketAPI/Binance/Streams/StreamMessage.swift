import Exchanges
import MarketCore
import MarketWire
import WebSockets

/// A message of a stream, encoded once for each format in which it is wanted: all clients share the bytes.
struct StreamMessage: Sendable {
    let stream: MarketStream
    private let payload: @Sendable (BinanceTimeUnit) -> [UInt8]
    private var frames: [StreamFormat: WebSocketFrameBytes] = [:]

    /// - Parameter payload: the message itself, with times of the given unit.
    init(_ stream: MarketStream, _ payload: @escaping @Sendable (BinanceTimeUnit) -> [UInt8]) {
        self.stream = stream
        self.payload = payload
    }

    mutating func frame(_ format: StreamFormat) -> WebSocketFrameBytes {
        if let frame = frames[format] { return frame }
        var bytes: [UInt8] = []
        if format.isCombined {
            BinanceStreamMessage.appendCombined(stream: stream.name, to: &bytes) { $0 += payload(format.unit) }
        } else {
            bytes = payload(format.unit)
        }
        let frame = WebSocketFrameBytes.text(bytes)
        frames[format] = frame
        return frame
    }
}

extension StreamMessage {
    /// - Parameter eventMicros: `E`, when the message is sent; unix microseconds.
    init(_ trade: Trade, _ stream: MarketStream, eventMicros: Int64) {
        self.init(stream) { unit in
            var bytes: [UInt8] = []
            let symbol = trade.instrument.key
            if case .trade = stream {
                BinanceStreamMessage.append(
                    trade: BinanceTrade(trade), symbol: symbol, eventTimeMicros: eventMicros, unit: unit, to: &bytes)
            } else {
                BinanceStreamMessage.append(
                    aggregate: BinanceTrade(aggregate: trade), symbol: symbol, eventTimeMicros: eventMicros, unit: unit,
                    to: &bytes)
            }
            return bytes
        }
    }

    init(
        _ kline: BinanceKline, isClosed: Bool, _ instrument: Instrument, _ calendar: BinanceCalendar,
        eventMicros: Int64
    ) {
        self.init(.kline(instrument, calendar)) { unit in
            var json = JSONWriter()
            kline.writeStream(
                symbol: instrument.key, calendar.interval, isClosed: isClosed, eventMicros: eventMicros, unit,
                into: &json)
            return json.bytes
        }
    }

    init(_ ticker: BinanceTicker, _ stream: MarketStream, eventMicros: Int64) {
        self.init(stream) { unit in
            var json = JSONWriter()
            if case .ticker = stream {
                ticker.writeStream(eventMicros: eventMicros, unit, into: &json)
            } else {
                ticker.writeMiniStream(eventMicros: eventMicros, unit, into: &json)
            }
            return json.bytes
        }
    }

    init(all tickers: [BinanceTicker], eventMicros: Int64) {
        self.init(.allMiniTickers) { unit in
            var json = JSONWriter()
            json.beginArray()
            for ticker in tickers { ticker.writeMiniStream(eventMicros: eventMicros, unit, into: &json) }
            json.endArray()
            return json.bytes
        }
    }
}
