import MarketCore

/// Messages of the trade streams as Binance writes them, appended to bytes: this is the simulator's hot path.
public enum BinanceStreamMessage {
    /// The payload of `<symbol>@trade`.
    ///
    /// - Parameters:
    ///   - symbol: upper case.
    ///   - eventTimeMicros: `E`, when the message is sent; unix microseconds.
    public static func append(
        trade: BinanceTrade, symbol: String, eventTimeMicros: Int64, unit: BinanceTimeUnit = .millisecond,
        to bytes: inout [UInt8]
    ) {
        bytes.append("{\"e\":\"trade\",\"E\":")
        bytes.append(integer: unit.time(ofMicros: eventTimeMicros))
        bytes.append(",\"s\":\"")
        bytes.append(contentsOf: symbol.utf8)
        bytes.append("\",\"t\":")
        bytes.append(integer: trade.id)
        appendPriceAndQuantity(trade, to: &bytes)
        appendEnd(trade, unit, to: &bytes)
    }

    /// The payload of `<symbol>@aggTrade`.
    public static func append(
        aggregate: BinanceTrade, symbol: String, eventTimeMicros: Int64, unit: BinanceTimeUnit = .millisecond,
        to bytes: inout [UInt8]
    ) {
        bytes.append("{\"e\":\"aggTrade\",\"E\":")
        bytes.append(integer: unit.time(ofMicros: eventTimeMicros))
        bytes.append(",\"s\":\"")
        bytes.append(contentsOf: symbol.utf8)
        bytes.append("\",\"a\":")
        bytes.append(integer: aggregate.id)
        appendPriceAndQuantity(aggregate, to: &bytes)
        bytes.append(",\"f\":")
        bytes.append(integer: aggregate.firstTradeID)
        bytes.append(",\"l\":")
        bytes.append(integer: aggregate.lastTradeID)
        appendEnd(aggregate, unit, to: &bytes)
    }

    /// What stands around a payload on a combined stream.
    ///
    /// - Parameter stream: a name with nothing to escape.
    public static func appendCombined(
        stream: String, to bytes: inout [UInt8], payload: (inout [UInt8]) -> Void
    ) {
        bytes.append("{\"stream\":\"")
        bytes.append(contentsOf: stream.utf8)
        bytes.append("\",\"data\":")
        payload(&bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    private static func appendPriceAndQuantity(_ trade: BinanceTrade, to bytes: inout [UInt8]) {
        bytes.append(",\"p\":\"")
        trade.price.append(to: &bytes, minimumFraction: 8)
        bytes.append("\",\"q\":\"")
        trade.quantity.append(to: &bytes, minimumFraction: 8)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEnd(_ trade: BinanceTrade, _ unit: BinanceTimeUnit, to bytes: inout [UInt8]) {
        bytes.append(",\"T\":")
        bytes.append(integer: unit.time(ofMicros: trade.timeMicros))
        bytes.append(trade.isBuyerMaker ? ",\"m\":true,\"M\":" : ",\"m\":false,\"M\":")
        bytes.append(trade.isBestMatch ? "true}" : "false}")
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ text: StaticString) { text.withUTF8Buffer { append(contentsOf: $0) } }

    fileprivate mutating func append(integer value: Int64) {
        var magnitude = value.magnitude
        if value < 0 { append(UInt8(ascii: "-")) }
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var count = 0
        // 20 digits at most, packed eight to a word, so that nothing is allocated.
        repeat {
            let (quotient, digit) = magnitude.quotientAndRemainder(dividingBy: 10)
            switch count / 8 {
            case 0: digits.0 = digits.0 << 8 | (0x30 + digit)
            case 1: digits.1 = digits.1 << 8 | (0x30 + digit)
            default: digits.2 = digits.2 << 8 | (0x30 + digit)
            }
            magnitude = quotient
            count += 1
        } while magnitude > 0
        append(packed: digits.2)
        append(packed: digits.1)
        append(packed: digits.0)
    }

    /// Up to eight characters, the first one in the lowest byte.
    private mutating func append(packed word: UInt64) {
        var word = word
        while word != 0 {
            append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }
}
