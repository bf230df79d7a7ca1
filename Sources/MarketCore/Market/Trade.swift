/// Which side took liquidity.
public enum TakerSide: UInt8, Hashable, Sendable {
    /// The buyer was the taker (Binance: `m` false).
    case buy
    /// The seller was the taker (Binance: `m` true).
    case sell
}

/// One trade, or an aggregate of consecutive trades at one price.
public struct Trade: Hashable, Sendable {
    public var instrument: Instrument
    /// The venue's number of the trade; of an aggregate, the last one in it. 0 or more.
    public var tradeID: Int64
    public var price: Price
    /// 0 or more. Binance futures send 0: such a trade advances the ids and touches no candle.
    public var quantity: Quantity
    public var takerSide: TakerSide
    /// The trade's own time (Binance `T`), unix microseconds.
    public var eventTimeMicros: Int64
    /// When our producer read it, unix microseconds.
    public var receivedTimeMicros: Int64
    /// How many consecutive ids, ending at `tradeID`, this stands for. 1 or more.
    public var tradeCount: Int64
    /// The venue's number of the aggregate, where it is one.
    public var aggregateID: Int64?

    public init(
        instrument: Instrument, tradeID: Int64, price: Price, quantity: Quantity, takerSide: TakerSide,
        eventTimeMicros: Int64, receivedTimeMicros: Int64, tradeCount: Int64 = 1, aggregateID: Int64? = nil
    ) {
        self.instrument = instrument
        self.tradeID = tradeID
        self.price = price
        self.quantity = quantity
        self.takerSide = takerSide
        self.eventTimeMicros = eventTimeMicros
        self.receivedTimeMicros = receivedTimeMicros
        self.tradeCount = tradeCount
        self.aggregateID = aggregateID
    }

    /// The first id this stands for.
    public var firstTradeID: Int64 { tradeID - tradeCount + 1 }
}

/// Ids of an instrument that cannot be had: they stay missing, and nobody asks for them again.
public struct UnavailableTrades: Hashable, Sendable {
    public var instrument: Instrument
    /// The first and the last id, both included.
    public var tradeIDs: ClosedRange<Int64>
    /// Why, for people: the venue's own words where it said any.
    public var reason: String

    public init(instrument: Instrument, tradeIDs: ClosedRange<Int64>, reason: String) {
        self.instrument = instrument
        self.tradeIDs = tradeIDs
        self.reason = reason
    }
}
