import MarketCore
import MarketWire
import NIOCore

/// Binance's streams (5 requests a second in; 200 streams a request).
struct BinanceDialect: StreamDialect {
    let address: String
    let kind: BinanceStreamKind

    private static let streamsPerRequest = 200
    /// Four requests a second where five are allowed.
    let requestPause = Duration.milliseconds(250)
    let question: String? = #"{"method":"LIST_SUBSCRIPTIONS","id":0}"#

    func requests(_ change: StreamChange, _ instruments: [Instrument], firstID: Int64) -> [StreamRequest] {
        let names = instruments.map { BinanceStream($0, kind).description }
        return stride(from: 0, to: names.count, by: Self.streamsPerRequest).enumerated().map { place, start in
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("method", change == .subscribe ? "SUBSCRIBE" : "UNSUBSCRIBE")
            writer.key("params")
            writer.beginArray()
            for name in names[start..<min(start + Self.streamsPerRequest, names.count)] { writer.string(name) }
            writer.endArray()
            writer.field("id", firstID + Int64(place))
            writer.endObject()
            return StreamRequest(text: String(decoding: writer.bytes, as: UTF8.self), grants: 1)
        }
    }

    func makeReader(_ instruments: [Instrument]) -> any StreamReader { Reader(decoder: BinanceDecoder(instruments)) }

    private struct Reader: StreamReader {
        private(set) var decoder: BinanceDecoder

        mutating func follow(_ instruments: [Instrument]) { decoder = BinanceDecoder(instruments) }

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
