import MarketCore
import MarketWire

/// A message of Coinbase's Advanced Trade WebSocket (Coinbase, "Advanced Trade WebSocket Channels").
struct CoinbaseMessage {
    /// Counts the messages of a connection, whatever their channel.
    var sequence: Int64?
    /// Ascending by id; a snapshot comes newest first.
    var trades: [Trade] = []
    /// The channels that the venue agreed to send.
    var subscriptions: [String] = []
    /// The venue's words where it refuses something.
    var error: String?

    /// - Parameters:
    ///   - instruments: those that are followed, by the venue's symbol; trades of others are left out.
    ///   - receivedTimeMicros: unix microseconds.
    /// - Throws: ``VenueError`` that says what cannot be understood.
    init(
        _ bytes: RawSpan, instruments: [String: Instrument], receivedTimeMicros: Int64
    ) throws(VenueError) {
        let message: JSONValue
        do {
            message = try JSONValue(parsing: bytes)
        } catch {
            throw VenueError(.malformedAnswer, error.description)
        }
        if message["type"]?.text == "error" {
            error = message["message"]?.text ?? "refused without a reason"
            return
        }
        guard let channel = message["channel"]?.text else {
            throw VenueError(.malformedAnswer, "the field 'channel' is missing")
        }
        sequence = message["sequence_num"]?.integer
        for event in message["events"]?.elements ?? [] {
            switch channel {
            case "market_trades":
                for entry in event["trades"]?.elements ?? [] {
                    if let trade = try Self.trade(entry, instruments, receivedTimeMicros) { trades.append(trade) }
                }
            case "subscriptions": subscriptions += event["subscriptions"]?.members?.map(\.name) ?? []
            default: break
            }
        }
        trades.sort { ($0.instrument.symbol, $0.tradeID) < ($1.instrument.symbol, $1.tradeID) }
    }

    /// - Returns: nil for an instrument that is not followed.
    static func trade(
        _ entry: JSONValue, _ instruments: [String: Instrument], _ receivedTimeMicros: Int64
    ) throws(VenueError) -> Trade? {
        guard let symbol = entry["product_id"]?.text else {
            throw VenueError(.malformedAnswer, "a trade without a 'product_id'")
        }
        guard let instrument = instruments[symbol] else { return nil }
        return try trade(
            entry, instrument, id: entry["trade_id"]?.text.flatMap { Int64($0) }, receivedTimeMicros)
    }

    /// A trade of either of Coinbase's interfaces: they name price, size, time and side alike.
    static func trade(
        _ entry: JSONValue, _ instrument: Instrument, id: Int64?, _ receivedTimeMicros: Int64
    ) throws(VenueError) -> Trade {
        func unusable(_ name: String) -> VenueError {
            VenueError(.malformedAnswer, "a trade of \(instrument.key) without a usable '\(name)'")
        }
        guard let id, id >= 0 else { throw unusable("trade_id") }
        guard let price = entry["price"]?.decimal(Price.self), price.raw > 0 else { throw unusable("price") }
        guard let quantity = entry["size"]?.decimal(Quantity.self), quantity >= .zero else { throw unusable("size") }
        guard let time = entry["time"]?.text.flatMap(RFC3339.micros) else { throw unusable("time") }
        // The maker's side: a trade at the ask, where the taker bought, says SELL.
        let taker: TakerSide
        switch entry["side"]?.text?.uppercased() {
        case "SELL": taker = .buy
        case "BUY": taker = .sell
        default: throw unusable("side")
        }
        return Trade(
            instrument: instrument, tradeID: id, price: price, quantity: quantity, takerSide: taker,
            eventTimeMicros: time, receivedTimeMicros: receivedTimeMicros)
    }
}
