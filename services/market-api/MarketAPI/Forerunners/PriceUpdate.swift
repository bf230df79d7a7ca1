import MarketCore
import MarketWire

/// A price as the forerunner's clients know it.
enum PriceUpdate {
    /// The trade that made a price, if it is among the newest ones: price and trades come by different ways.
    static func trade(of quote: Quote, _ instrument: Instrument, in trades: TradeTail) -> Trade? {
        trades.page(instrument, fromID: quote.tradeID, limit: 1).first { $0.tradeID == quote.tradeID }
    }

    /// One object. Order ids are not kept anywhere here, so they are null; what belongs to a single trade is null where
    /// that is not at hand.
    static func write(
        symbol: String, price: Price, timeMicros: Int64, tradeID: Int64, trade: Trade?, into writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.field("id", tradeID)
        writer.field("symbol", symbol)
        writer.field("price", price)
        writer.field("timestamp", ISOTime.text(micros: timeMicros))
        writer.field("trade_id", tradeID)
        writer.key("quantity")
        if let trade { writer.decimal(trade.quantity) } else { writer.null() }
        writer.key("buyer_order_id")
        writer.null()
        writer.key("seller_order_id")
        writer.null()
        writer.key("is_buyer_maker")
        if let trade { writer.bool(trade.takerSide == .sell) } else { writer.null() }
        writer.endObject()
    }
}
