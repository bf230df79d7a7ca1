/// What the trades of one window amount to. Never empty: a window without trades has no candle.
///
/// Built by ``merge(_:)``, which is commutative and associative, so that any order of arrival gives the same candle.
public struct Candle: Hashable, Sendable {
    /// Price of the trade with the lowest key.
    public var open: Price
    public var high: Price
    public var low: Price
    /// Price of the trade with the highest key.
    public var close: Price
    /// Base asset traded.
    public var volume: Quantity
    /// The part of `volume` whose taker bought.
    public var takerBuyVolume: Quantity
    /// Quote asset traded: the sum of price times quantity.
    public var quoteVolume: QuoteAmount
    /// The part of `quoteVolume` whose taker bought.
    public var takerBuyQuoteVolume: QuoteAmount
    /// The venue's trades, those inside aggregates included.
    public var tradeCount: Int64
    /// Key of the first trade.
    public var first: TradeKey
    /// Key of the last trade.
    public var last: TradeKey

    @inlinable public init(
        open: Price, high: Price, low: Price, close: Price, volume: Quantity, takerBuyVolume: Quantity,
        quoteVolume: QuoteAmount, takerBuyQuoteVolume: QuoteAmount, tradeCount: Int64, first: TradeKey, last: TradeKey
    ) {
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.takerBuyVolume = takerBuyVolume
        self.quoteVolume = quoteVolume
        self.takerBuyQuoteVolume = takerBuyQuoteVolume
        self.tradeCount = tradeCount
        self.first = first
        self.last = last
    }

    /// The candle of a single trade, or of an aggregate of consecutive trades at one price.
    ///
    /// - Parameters:
    ///   - first: key of the aggregate's first trade; `last` of a single one.
    ///   - tradeCount: 1 or more.
    /// - Returns: nil where price times quantity is out of ``QuoteAmount``'s range.
    @inlinable public init?(
        price: Price, quantity: Quantity, takerSide: TakerSide, first: TradeKey, last: TradeKey, tradeCount: Int64
    ) {
        guard let quote = QuoteAmount(price, times: quantity) else { return nil }
        let isBuy = takerSide == .buy
        self.init(
            open: price, high: price, low: price, close: price, volume: quantity,
            takerBuyVolume: isBuy ? quantity : .zero, quoteVolume: quote, takerBuyQuoteVolume: isBuy ? quote : .zero,
            tradeCount: tradeCount, first: first, last: last)
    }

    /// Takes in the trades of another candle; the two must have no trade in common.
    ///
    /// - Returns: false where a sum is out of range; the candle is then as it was.
    @inlinable public mutating func merge(_ other: Candle) -> Bool {
        let (volume, overflow0) = self.volume.raw.addingReportingOverflow(other.volume.raw)
        let (buyVolume, overflow1) = takerBuyVolume.raw.addingReportingOverflow(other.takerBuyVolume.raw)
        let (quote, overflow2) = quoteVolume.raw.addingReportingOverflow(other.quoteVolume.raw)
        let (buyQuote, overflow3) = takerBuyQuoteVolume.raw.addingReportingOverflow(other.takerBuyQuoteVolume.raw)
        let (count, overflow4) = tradeCount.addingReportingOverflow(other.tradeCount)
        if overflow0 || overflow1 || overflow2 || overflow3 || overflow4 { return false }
        self.volume.raw = volume
        takerBuyVolume.raw = buyVolume
        quoteVolume.raw = quote
        takerBuyQuoteVolume.raw = buyQuote
        tradeCount = count
        if other.high > high { high = other.high }
        if other.low < low { low = other.low }
        if other.first < first {
            first = other.first
            open = other.open
        }
        if last < other.last {
            last = other.last
            close = other.close
        }
        return true
    }
}
