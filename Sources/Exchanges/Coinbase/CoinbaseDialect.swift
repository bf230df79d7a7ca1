import MarketCore
import MarketWire
import NIOCore

/// Coinbase's Advanced Trade streams: `market_trades`, and `heartbeats`, which come every second on a connection of
/// quiet products, too.
struct CoinbaseDialect: StreamDialect {
    let address: String
    let requests: [String]
    let requestPause = Duration.milliseconds(150)
    /// That to `market_trades`.
    let expectedGrants = 1
    let question: String? = nil
    private let instruments: [String: Instrument]

    init(address: String, instruments: [Instrument]) {
        self.address = address
        self.instruments = Dictionary(instruments.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
        requests = ["market_trades", "heartbeats"].map { channel in
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("type", "subscribe")
            writer.key("product_ids")
            writer.beginArray()
            for instrument in instruments { writer.string(instrument.symbol) }
            writer.endArray()
            writer.field("channel", channel)
            writer.endObject()
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }

    func makeReader() -> any StreamReader { Reader(instruments: instruments) }

    struct Reader: StreamReader {
        let instruments: [String: Instrument]
        private var sequence: Int64?

        init(instruments: [String: Instrument]) { self.instruments = instruments }

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
