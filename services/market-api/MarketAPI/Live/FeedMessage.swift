import WebSockets

/// Where a message, or a snapshot, stands in the numbering of its topic.
///
/// Each topic whose messages may not be left out (the trades of an instrument; the closed and amended candles of an
/// instrument and interval) has one counter in the server: it counts on by one with each message of its epoch, whoever
/// listens.
struct FeedPosition: Hashable, Sendable {
    let topic: LiveTopic
    /// Names one unbroken run of the numbering; a server that started anew or was cut off begins another.
    let epoch: String
    /// The first message of an epoch has 1; a snapshot of 0 stands before it.
    let seq: Int64
    /// Window start of a candle, unix seconds.
    var windowStart: Int64?
}

/// A message of `/feed` and `/events`: encoded once, the same bytes for everybody.
struct FeedMessage: Sendable {
    /// Its member `type`.
    enum Kind: String, Sendable {
        case subscribed
        case snapshot
        case price
        case candle
        case trade
        case gap
        case status
        case error
        case pong
        /// Those of `/ws/price` have no type.
        case day
    }

    let kind: Kind
    /// The JSON text as a WebSocket carries it.
    let frame: WebSocketFrameBytes
    /// Of a trade or closed candle its own; of a snapshot those of all its topics; else none.
    var positions: [FeedPosition] = []
    /// Of a trade its own time, of a price that of the trade that made it, unix microseconds.
    var eventTimeMicros: Int64?
    /// Of a gap its reason.
    var gap: Mailbox.Gap?

    /// Whether it is one of those that are counted and may not be left out silently.
    var isNumbered: Bool { (kind == .candle || kind == .trade) && !positions.isEmpty }
}

/// Where epochs get their names.
struct EpochSource: Sendable {
    private let make: @Sendable () -> String

    init(_ make: @escaping @Sendable () -> String) { self.make = make }

    /// A name that no other epoch has, of any server.
    func next() -> String { make() }

    /// 48 random bits, hexadecimal.
    static let system = EpochSource {
        var generator = SystemRandomNumberGenerator()
        let text = String(generator.next() & 0xFFFF_FFFF_FFFF, radix: 16)
        return String(repeating: "0", count: 12 - text.utf8.count) + text
    }
}
