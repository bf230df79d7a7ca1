public import MarketCore

/// A trade or an aggregate in Binance's own terms, to be written as any of its messages.
public struct BinanceTrade: Hashable, Sendable {
    /// Number of the trade, or of the aggregate.
    public var id: Int64
    /// Of a single trade, its own id.
    public var firstTradeID: Int64
    public var lastTradeID: Int64
    public var price: Price
    public var quantity: Quantity
    /// Unix microseconds.
    public var timeMicros: Int64
    /// Whether the taker sold.
    public var isBuyerMaker: Bool
    public var isBestMatch: Bool

    public init(
        id: Int64, firstTradeID: Int64, lastTradeID: Int64, price: Price, quantity: Quantity, timeMicros: Int64,
        isBuyerMaker: Bool, isBestMatch: Bool = true
    ) {
        self.id = id
        self.firstTradeID = firstTradeID
        self.lastTradeID = lastTradeID
        self.price = price
        self.quantity = quantity
        self.timeMicros = timeMicros
        self.isBuyerMaker = isBuyerMaker
        self.isBestMatch = isBestMatch
    }

    public var takerSide: TakerSide { isBuyerMaker ? .sell : .buy }
}
