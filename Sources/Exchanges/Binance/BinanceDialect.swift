import MarketCore
import MarketWire
import NIOCore

/// Binance's streams (5 requests a second in; 200 streams a request).
struct BinanceDialect: StreamDialect {
    let address: String
    let requests: [String]
    private let decoder: BinanceDecoder

    private static let streamsPerRequest = 200
    /// Four requests a second where five are allowed.
    let requestPause = Duration.milliseconds(250)
    let question: String? = #"{"method":"LIST_SUBSCRIPTIONS","id":0}"#

    var expectedGrants: Int { requests.count }

    init(address: String, instruments: [Instrument], kind: BinanceStreamKind) {
        self.address = address
        decoder = BinanceDecoder(instruments)
        let names = instruments.map { BinanceStream($0, kind).description }
        requests = stride(from: 0, to: names.count, by: Self.streamsPerRequest).enumerated().map { place, start in
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("method", "SUBSCRIBE")
            writer.key("params")
            writer.beginArray()
            for name in names[start..<min(start + Self.streamsPerRequest, names.count)] { writer.string(name) }
            writer.endArray()
            writer.field("id", Int64(place + 1))
            writer.endObject()
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }

    func makeReader() -> any StreamReader { Reader(decoder: decoder) }

    private struct Reader: StreamReader {
        let decoder: BinanceDecoder

        func read(
            _ bytes: ByteBuffer, receivedTimeMicros: Int64, into trades: inout [Trade]
        ) throws -> StreamSignal {
            switch try decoder.decode(bytes.readableBytesSpan, receivedTimeMicros: receivedTimeMicros) {
            case .trade(let trade):
                trades.append(trade)
                return .none
            case .reply(_, let error?): return .refused("a subscription was refused: \(error)")
            // The answer to the question is none to a request.
            case .reply(let id, nil): return id == 0 ? .none : .granted
            case .serverShutdown: return .endsSoon
            case .other: return .none
            }
        }
    }
}
