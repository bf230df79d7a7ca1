import MarketCore

/// A candle as a Redis hash: the same names as in JSON, each value as plain text, `missing_trades` empty where unknown.
extension CandleRecord {
    /// The hash's fields, in the order of ``appendFieldText(at:to:)``.
    public static let fieldNames: [StaticString] = [
        "symbol", "interval", "window_start", "open", "high", "low", "close", "volume", "quote_volume", "trade_count",
        "taker_buy_volume", "taker_buy_quote_volume", "first_trade_id", "last_trade_id", "missing_trades", "revision",
        "closed",
    ]

    /// Appends the text of one field.
    ///
    /// - Parameter index: into ``fieldNames``; another one appends nothing.
    public func appendFieldText(at index: Int, to bytes: inout [UInt8]) {
        switch index {
        case 0: bytes.append(contentsOf: symbol.utf8)
        case 1: bytes.append(contentsOf: interval.description.utf8)
        case 2: bytes.appendInteger(windowStart)
        case 3: open.append(to: &bytes)
        case 4: high.append(to: &bytes)
        case 5: low.append(to: &bytes)
        case 6: close.append(to: &bytes)
        case 7: volume.append(to: &bytes)
        case 8: quoteVolume.append(to: &bytes)
        case 9: bytes.appendInteger(tradeCount)
        case 10: takerBuyVolume.append(to: &bytes)
        case 11: takerBuyQuoteVolume.append(to: &bytes)
        case 12: bytes.appendInteger(firstTradeID)
        case 13: bytes.appendInteger(lastTradeID)
        case 14: if let missingTrades { bytes.appendInteger(missingTrades) }
        case 15: bytes.appendInteger(revision)
        case 16: bytes.append(isClosed ? "true" : "false")
        default: break
        }
    }

    /// Reads what HGETALL gave; fields of the hash that are no candle's are passed over, and there is no lineage.
    public init(hashFields fields: [String: [UInt8]]) throws(WireError) {
        let text = try Self.text(fields, "interval")
        guard let interval = Interval(text) else {
            throw WireError(.badValue, "interval: '\(text.prefix(16))' is no interval")
        }
        let closed = try Self.text(fields, "closed")
        guard closed == "true" || closed == "false" else {
            throw WireError(.badValue, "closed: '\(closed.prefix(16))' is neither true nor false")
        }
        self.init(
            symbol: try Self.text(fields, "symbol"), interval: interval,
            windowStart: try Self.integer(fields, "window_start"), open: try Self.decimal(fields, "open"),
            high: try Self.decimal(fields, "high"), low: try Self.decimal(fields, "low"),
            close: try Self.decimal(fields, "close"), volume: try Self.decimal(fields, "volume"),
            quoteVolume: try Self.decimal(fields, "quote_volume"), tradeCount: try Self.integer(fields, "trade_count"),
            takerBuyVolume: try Self.decimal(fields, "taker_buy_volume"),
            takerBuyQuoteVolume: try Self.decimal(fields, "taker_buy_quote_volume"),
            firstTradeID: try Self.integer(fields, "first_trade_id"),
            lastTradeID: try Self.integer(fields, "last_trade_id"),
            missingTrades: try Self.bytes(fields, "missing_trades").isEmpty
                ? nil : try Self.integer(fields, "missing_trades"),
            revision: try Self.integer(fields, "revision"), isClosed: closed == "true")
    }

    private static func bytes(_ fields: [String: [UInt8]], _ name: String) throws(WireError) -> [UInt8] {
        guard let bytes = fields[name] else { throw WireError(.missingField, name) }
        return bytes
    }

    private static func text(_ fields: [String: [UInt8]], _ name: String) throws(WireError) -> String {
        String(decoding: try bytes(fields, name), as: UTF8.self)
    }

    private static func integer(_ fields: [String: [UInt8]], _ name: String) throws(WireError) -> Int64 {
        let bytes = try bytes(fields, name)
        guard let value = bytes.span.bytes.integer(0..<bytes.count) else {
            throw WireError(.badNumber, "\(name): not an integer of 64 bits")
        }
        return value
    }

    private static func decimal<Number: ExactDecimal>(
        _ fields: [String: [UInt8]], _ name: String
    ) throws(WireError) -> Number {
        let bytes = try bytes(fields, name)
        do throws(DecimalError) {
            return try Number(parsing: bytes)
        } catch {
            throw WireError(.badNumber, "\(name): \(error)")
        }
    }
}
