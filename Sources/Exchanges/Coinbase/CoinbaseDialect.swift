import MarketCore
import MarketWire
import NIOCore

/// Coinbase's Advanced Trade streams: `market_trades`, and `heartbeats`, which come every second on a connection of
/// quiet products, too.
struct CoinbaseDialect: StreamDialect {
    let address: String
    let requestPause = Duration.milliseconds(150)
    let question: String? = nil

    func requests(_ change: StreamChange, _ instruments: [Instrument], firstID: Int64) -> [StreamRequest] {
        // Heartbeats are the connection's: they go on while anything is followed.
        let channels = change == .subscribe ? ["market_trades", "heartbeats"] : ["market_trades"]
        return channels.map { channel in
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("type", change == .subscribe ? "subscribe" : "unsubscribe")
            writer.key("product_ids")
            writer.beginArray()
            for instrument in instruments { writer.string(instrument.symbol) }
            writer.endArray()
            writer.field("channel", channel)
            writer.endObject()
            return StreamRequest(
                text: String(decoding: writer.bytes, as: UTF8.self), grants: channel == "market_trades" ? 1 : 0)
        }
    }

    func makeReader(_ instruments: [Instrument]) -> any StreamReader { Reader(instruments) }

    struct Reader: StreamReader {
        private var instruments: [String: Instrument]
        private var sequence: Int64?

        init(_ instruments: [Instrument]) { self.instruments = instruments.bySymbol }

        mutating func follow(_ instruments: [Instrument]) { self.instruments = instruments.bySymbol }

        mutating func read(
            _ bytes: ByteBuffer, receivedTimeMicros: Int64, into trades: inout [Trade]
        ) throws -> StreamSignal {
            let message = try CoinbaseMessage(
                bytes.readableBytesSpan, instruments: instruments, receivedTimeMicros: receivedTimeMicros)
            trades += message.trades
            if let error = message.error { return .refused("a subscription was refused: \(error)") }
            if let number = message.sequence {
                defer { sequence = max(number, sequence ?? number) }
                if let sequence, number > sequence + 1 {
                    // What was lost is not known; a new connection begins with a snapshot.
                    return .broken("messages were lost: sequence_num went from \(sequence) to \(number)")
                }
            }
            return message.subscriptions.contains("market_trades") ? .granted : .none
        }
    }
}
