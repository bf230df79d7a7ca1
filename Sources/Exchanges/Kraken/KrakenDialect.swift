import MarketCore
import MarketWire
import NIOCore

/// Kraken's WebSocket v2, channel `trade` (Kraken, "WebSocket v2 API"): numbers are read from their literals, and the
/// side is the taker's. A subscription begins with the last 50 trades.
struct KrakenDialect: StreamDialect {
    let address: String
    let requestPause = Duration.milliseconds(250)
    let question: String? = #"{"method":"ping","req_id":1}"#

    private static let symbolsPerRequest = 100

    func requests(_ change: StreamChange, _ instruments: [Instrument], firstID: Int64) -> [StreamRequest] {
        stride(from: 0, to: instruments.count, by: Self.symbolsPerRequest).map { start in
            let part = instruments[start..<min(start + Self.symbolsPerRequest, instruments.count)]
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("method", change == .subscribe ? "subscribe" : "unsubscribe")
            writer.key("params")
            writer.beginObject()
            writer.field("channel", "trade")
            if change == .subscribe { writer.field("snapshot", true) }
            writer.key("symbol")
            writer.beginArray()
            for instrument in part { writer.string(instrument.symbol) }
            writer.endArray()
            writer.endObject()
            writer.endObject()
            // Each symbol is agreed to by itself.
            return StreamRequest(text: String(decoding: writer.bytes, as: UTF8.self), grants: part.count)
        }
    }

    func makeReader(_ instruments: [Instrument]) -> any StreamReader { Reader(instruments) }

    struct Reader: StreamReader {
        private var instruments: [String: Instrument]

        init(_ instruments: [Instrument]) { self.instruments = instruments.bySymbol }

        mutating func follow(_ instruments: [Instrument]) { self.instruments = instruments.bySymbol }

        func read(
            _ bytes: ByteBuffer, receivedTimeMicros: Int64, into trades: inout [Trade]
        ) throws -> StreamSignal {
            let message: JSONValue
            do throws(JSONError) {
                message = try JSONValue(parsing: bytes.readableBytesSpan)
            } catch {
                throw VenueError(.malformedAnswer, error.description)
            }
            if message["method"]?.text == "subscribe" {
                guard message["success"]?.isTrue != true else { return .granted }
                return .refused("a subscription was refused: \(message["error"]?.text ?? "without a reason")")
            }
            guard message["channel"]?.text == "trade" else {
                // Heartbeats, the exchange's state, the answer to a ping.
                guard message.members != nil else { throw VenueError(.malformedAnswer, "a message that is no object") }
                return .none
            }
            guard let entries = message["data"]?.elements else {
                throw VenueError(.malformedAnswer, "the field 'data' is missing")
            }
            for entry in entries {
                if let trade = try trade(entry, receivedTimeMicros) { trades.append(trade) }
            }
            return .none
        }

        /// - Returns: nil for an instrument that is not followed.
        private func trade(_ entry: JSONValue, _ receivedTimeMicros: Int64) throws(VenueError) -> Trade? {
            func unusable(_ name: String) -> VenueError {
                VenueError(.malformedAnswer, "a trade without a usable '\(name)'")
            }
            guard let symbol = entry["symbol"]?.text else { throw unusable("symbol") }
            guard let instrument = instruments[symbol] else { return nil }
            guard let id = entry["trade_id"]?.integer, id >= 0 else { throw unusable("trade_id") }
            guard let price = entry["price"]?.decimal(Price.self), price.raw > 0 else { throw unusable("price") }
            guard let quantity = entry["qty"]?.decimal(Quantity.self), quantity >= .zero else { throw unusable("qty") }
            guard let time = entry["timestamp"]?.text.flatMap(RFC3339.micros) else { throw unusable("timestamp") }
            let side: TakerSide
            switch entry["side"]?.text {
            case "buy": side = .buy
            case "sell": side = .sell
            default: throw unusable("side")
            }
            return Trade(
                instrument: instrument, tradeID: id, price: price, quantity: quantity, takerSide: side,
                eventTimeMicros: time, receivedTimeMicros: receivedTimeMicros)
        }
    }
}
