/// That a producer lives, and how its connections do: topic `market.heartbeat`, every few seconds.
public struct HeartbeatRecord: WireRecord {
    /// One connection to a venue.
    public struct Connection: Hashable, Sendable {
        public enum State: String, CaseIterable, Hashable, Sendable {
            case connecting, connected, disconnected
        }

        public var venue: String
        /// Which of the producer's connections to the venue.
        public var name: String
        public var state: State
        /// Key texts of the instruments that it follows.
        public var instruments: [String]
        /// Unix microseconds; nil while it is not connected.
        public var connectedSinceMicros: Int64?
        /// When anything came in last, unix microseconds; nil before the first.
        public var lastMessageTimeMicros: Int64?
        /// The own time of the last trade, unix microseconds; nil before the first.
        public var lastTradeTimeMicros: Int64?
        public var messagesPerSecond: Double
        public var tradesPerSecond: Double
        /// Since the producer's start.
        public var reconnectCount: Int64
        /// Why it was lost last.
        public var lastError: String?
        /// From a trade's own time until it came here, within the last minute, by this machine's clock; nil where
        /// nothing came or the producer is too old to say.
        public var eventLag: LatencyFigures?

        public init(
            venue: String, name: String, state: State, instruments: [String], connectedSinceMicros: Int64?,
            lastMessageTimeMicros: Int64?, lastTradeTimeMicros: Int64?, messagesPerSecond: Double,
            tradesPerSecond: Double, reconnectCount: Int64, lastError: String?, eventLag: LatencyFigures? = nil
        ) {
            self.venue = venue
            self.name = name
            self.state = state
            self.instruments = instruments
            self.connectedSinceMicros = connectedSinceMicros
            self.lastMessageTimeMicros = lastMessageTimeMicros
            self.lastTradeTimeMicros = lastTradeTimeMicros
            self.messagesPerSecond = messagesPerSecond
            self.tradesPerSecond = tradesPerSecond
            self.reconnectCount = reconnectCount
            self.lastError = lastError
            self.eventLag = eventLag
        }
    }

    /// A producer that said nothing for so long is silent: it beats every 3 s.
    public static let silentMicros: Int64 = 10_000_000

    /// - Parameter nowMicros: unix microseconds.
    public func isSilent(nowMicros: Int64) -> Bool { nowMicros - sentTimeMicros > Self.silentMicros }

    /// One that said nothing for so long is no part of the system any more.
    public static let forgottenMicros: Int64 = 86_400_000_000

    /// Unique among the producers of a market; the record's key.
    public var producerID: String
    /// Unix microseconds.
    public var startedTimeMicros: Int64
    /// Unix microseconds.
    public var sentTimeMicros: Int64
    public var connections: [Connection]
    /// Of the program; nil from one that is too old to say. So is the next one.
    public var version: String?
    /// Trades that were accepted and that the broker has not acknowledged.
    public var waitingTrades: Int64?

    public init(
        producerID: String, startedTimeMicros: Int64, sentTimeMicros: Int64, connections: [Connection],
        version: String? = nil, waitingTrades: Int64? = nil
    ) {
        self.producerID = producerID
        self.startedTimeMicros = startedTimeMicros
        self.sentTimeMicros = sentTimeMicros
        self.connections = connections
        self.version = version
        self.waitingTrades = waitingTrades
    }
}
