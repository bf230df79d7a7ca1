import MarketCore
import MarketWire

/// Where a venue's trades come from. A further venue is one folder with a type that conforms to this.
public protocol VenueFeed: Sendable {
    /// Lower-case name, as in ``MarketCore/Instrument/venue``.
    var venue: String { get }
    /// What is followed, and over which connections.
    var lines: VenueLines { get }

    /// Connects, and connects again whenever the connection ends, until the task is cancelled.
    ///
    /// - Parameter receiver: is handed the trades in the venue's order. While it suspends, the connection is not read.
    /// - Throws: what the receiver throws; trouble with the venue is reported to it and overcome.
    func run(_ receiver: some TradeReceiver) async throws

    /// Where trades that were missed can be had; nil where the venue does not give any.
    var history: (any VenueHistory)? { get }

    /// Which instruments the venue has.
    var catalog: any VenueCatalog { get }
}

/// One of a feed's connections, kept up over losses and replacements.
public struct VenueConnection: Hashable, Sendable {
    /// As ``TradeReceiver/connection(_:_:)`` is told it: `binance`, `binance-2`.
    public let name: String
    public let instruments: [Instrument]

    public init(name: String, instruments: [Instrument]) {
        self.name = name
        self.instruments = instruments
    }
}

/// Takes what a feed reads.
public protocol TradeReceiver: Sendable {
    /// Trades in the venue's order.
    ///
    /// - Parameter connection: the one's name that brought them.
    func receive(_ trades: [Trade], from connection: String) async throws
    /// Something happened to a connection.
    func connection(_ name: String, _ event: ConnectionEvent)
    /// Where the messages of a connection that begins now are kept as they come; nil where they are not.
    func recording(of connection: String) -> SessionRecording?
}

extension TradeReceiver {
    public func recording(of connection: String) -> SessionRecording? { nil }
}

/// What happens to a connection.
public enum ConnectionEvent: Sendable {
    case connecting
    /// Connected, and the venue agreed to send what was asked for.
    case connected
    /// A message of any kind came.
    case message
    /// The connection is over; the next attempt comes after the pause.
    case disconnected(reason: String, retryAfter: Duration)
    /// Nothing is left to be followed on it.
    case released
    /// A message that could not be used: counted and shown, never silent.
    case unusable(reason: String, excerpt: String)
}
