import MarketCore
import NIOCore
import WebSockets

/// What is particular to a venue's streams: what to ask for, and what its messages say.
protocol StreamDialect: Sendable {
    /// Where to connect: `wss://host:port/path`.
    var address: String { get }
    /// Between two requests.
    var requestPause: Duration { get }
    /// Something that the venue answers, for when nothing comes; nil where its own heartbeats are asked for.
    var question: String? { get }

    /// What asks for instruments' trades, or for no more of them, message by message.
    ///
    /// - Parameters:
    ///   - instruments: one at least.
    ///   - firstID: above those of all earlier requests of the connection, where the venue wants them told apart.
    func requests(_ change: StreamChange, _ instruments: [Instrument], firstID: Int64) -> [StreamRequest]

    /// Reads messages of one connection. Made anew for each.
    ///
    /// - Parameter instruments: trades of others are left out.
    func makeReader(_ instruments: [Instrument]) -> any StreamReader
}

enum StreamChange: Hashable, Sendable {
    case subscribe
    case unsubscribe
}

/// A message that asks the venue for something.
struct StreamRequest: Hashable, Sendable {
    let text: String
    /// How many messages of the venue's say that it agrees.
    let grants: Int
}

/// Reads the messages of one connection, in order.
protocol StreamReader {
    /// - Parameter trades: takes those that the message brings.
    /// - Throws: any error says why the message cannot be used.
    mutating func read(
        _ bytes: ByteBuffer, receivedTimeMicros: Int64, into trades: inout [Trade]
    ) throws -> StreamSignal

    /// From now on these are followed.
    mutating func follow(_ instruments: [Instrument])
}

extension [Instrument] {
    /// By the venue's own names.
    var bySymbol: [String: Instrument] {
        Dictionary(map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// What a message says beside its trades.
enum StreamSignal: Hashable, Sendable {
    case none
    /// The venue agrees to a request.
    case granted
    /// The venue will end the connection soon.
    case endsSoon
    /// The venue does not do what was asked.
    case refused(String)
    /// Something was lost on this connection: it is made anew.
    case broken(String)
}

/// How connections are kept, the same for every venue.
public struct ConnectionRules: Sendable {
    /// Certificates to trust instead of the system's (PEM file).
    public var authoritiesPath: String?
    /// A connection on which nothing at all comes in for this long is made anew.
    public var staleAfter: Duration = .seconds(30)
    /// After this a second connection is made, before the venue ends the first; nil where it does not.
    public var longestLife: Duration?
    /// A connection that is younger is not replaced before its end: where each new one says at once that it will end,
    /// the pauses of the backoff hold.
    public var replacedAfter: Duration = .seconds(10)
    /// How often one may connect, all connections together; nil where the venue does not count.
    public var attempts: AttemptLimit?
    public var backoffFirst: Duration = .milliseconds(500)
    public var backoffLongest: Duration = .seconds(30)

    public init() {}

    func client() async throws -> WebSocketClient {
        var settings = WebSocketClientConfiguration()
        settings.authoritiesPath = authoritiesPath
        return try await WebSocketClient(settings)
    }
}
