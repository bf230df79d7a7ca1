/// How a trade-processor does: Redis key `market:processor:<id>`, written every second or so by itself, see
/// schemas/redis/processor.schema.json. It may be lost at any time.
public struct ProcessorStatusRecord: WireRecord {
    public enum State: String, CaseIterable, Hashable, Sendable {
        case running
        /// It ended in good order.
        case stopped
    }

    /// What it did since its start, as far as it is committed.
    public struct Counts: Hashable, Sendable {
        /// Trade records taken in.
        public var tradesAccepted: Int64 = 0
        /// Trade records whose every id was known.
        public var tradesDuplicate: Int64 = 0
        /// Accepted after the shortest window of their time had closed: they amend candles.
        public var tradesLate: Int64 = 0
        /// Late beyond what is kept: in the table `late_trades`.
        public var tradesBeyondRetention: Int64 = 0
        /// Candle rows that are new.
        public var candlesStored: Int64 = 0
        /// Changes of candle rows that were there.
        public var candlesAmended: Int64 = 0
        /// Records that could not be used.
        public var quarantined: Int64 = 0
        /// Trade ids found to be missing, and missing ones that came.
        public var idsFoundMissing: Int64 = 0
        public var idsFilled: Int64 = 0
        /// Transactions.
        public var commits: Int64 = 0

        public init() {}
    }

    /// How it stands with one partition of the topic of trades.
    public struct Partition: Hashable, Sendable {
        public enum State: String, CaseIterable, Hashable, Sendable {
            case running
            /// Its progress is being read from PostgreSQL.
            case claiming
            /// Stands still until a person decides.
            case halted
            /// Another processor took it.
            case fenced
            /// What is needed for the next record is being read from PostgreSQL.
            case loading
            /// Nothing is read until commits catch up.
            case paused
        }

        public var partition: Int32
        public var state: State
        /// Why it stands still.
        public var reason: String?
        /// Of the next record to take in; ahead of what is committed. Nil while it is not known.
        public var nextOffset: Int64?
        /// Event time, unix microseconds; nil before the first trade.
        public var watermarkMicros: Int64?
        public var instruments: Int64
        /// Rows and records that wait for the next commit.
        public var waiting: Int64

        public init(
            partition: Int32, state: State, reason: String? = nil, nextOffset: Int64? = nil,
            watermarkMicros: Int64? = nil, instruments: Int64 = 0, waiting: Int64 = 0
        ) {
            self.partition = partition
            self.state = state
            self.reason = reason
            self.nextOffset = nextOffset
            self.watermarkMicros = watermarkMicros
            self.instruments = instruments
            self.waiting = waiting
        }
    }

    /// A processor that said nothing for so long is silent: it writes every second.
    public static let silentMicros: Int64 = 5_000_000

    /// Whether it ought to say something and does not.
    ///
    /// - Parameter nowMicros: unix microseconds.
    public func isSilent(nowMicros: Int64) -> Bool {
        state == .running && nowMicros - sentTimeMicros > Self.silentMicros
    }

    /// Unique among the processors of a market.
    public var processorID: String
    public var version: String
    public var state: State
    /// Unix microseconds.
    public var startedTimeMicros: Int64
    /// Unix microseconds.
    public var sentTimeMicros: Int64
    /// Of the trades.
    public var topic: String
    public var counts: Counts
    /// How long commits took within the last minute, repeats included; nil where there was none.
    public var commit: LatencyFigures?
    /// From a trade's own time until PostgreSQL has it, within the last minute: once for each commit and partition, for
    /// the newest trade of the first batch that the commit carries, which waited longest.
    public var eventToStore: LatencyFigures?
    /// In the order of their numbers.
    public var partitions: [Partition]

    public init(
        processorID: String, version: String, state: State, startedTimeMicros: Int64, sentTimeMicros: Int64,
        topic: String, counts: Counts, commit: LatencyFigures?, eventToStore: LatencyFigures?, partitions: [Partition]
    ) {
        self.processorID = processorID
        self.version = version
        self.state = state
        self.startedTimeMicros = startedTimeMicros
        self.sentTimeMicros = sentTimeMicros
        self.topic = topic
        self.counts = counts
        self.commit = commit
        self.eventToStore = eventToStore
        self.partitions = partitions
    }
}
