/// A trade as the partition's state machine takes it: plain numbers, no references, so that a batch costs no allocation
/// per trade.
public struct TradeInput: Hashable, Sendable {
    /// Exact to 8 places; above 0 unless the quantity is 0.
    public var price: Price
    /// 0 or more. 0 advances the ids and touches no candle.
    public var quantity: Quantity
    /// The venue's number of the trade; of an aggregate, of the last one in it. 0 or more.
    public var tradeID: Int64
    /// How many consecutive ids, ending at `tradeID`, this stands for. 1 or more.
    public var tradeCount: Int64
    /// The trade's own time, unix microseconds.
    public var eventTimeMicros: Int64
    /// The Kafka record's offset in its partition.
    public var offset: Int64
    /// The Kafka record's own timestamp, unix microseconds; negative where it has none.
    public var recordTimestampMicros: Int64
    /// The instrument's index in the partition's ``InstrumentTable``.
    public var instrument: Int32
    public var takerSide: TakerSide

    @inlinable public init(
        instrument: Int32, tradeID: Int64, tradeCount: Int64 = 1, price: Price, quantity: Quantity,
        takerSide: TakerSide, eventTimeMicros: Int64, offset: Int64, recordTimestampMicros: Int64
    ) {
        self.price = price
        self.quantity = quantity
        self.tradeID = tradeID
        self.tradeCount = tradeCount
        self.eventTimeMicros = eventTimeMicros
        self.offset = offset
        self.recordTimestampMicros = recordTimestampMicros
        self.instrument = instrument
        self.takerSide = takerSide
    }

    /// The first id this stands for.
    @inlinable public var firstTradeID: Int64 { tradeID &- tradeCount &+ 1 }
}
