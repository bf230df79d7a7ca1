import MarketCore

/// The records of the topic `trades`: how they are written.
public enum TradeRecord {
    /// The most bytes that a record may have: hundreds of times what a trade needs.
    public static let maxBytes = 16_384

    /// Appends a trade as JSON without spaces, money with 8 decimal places.
    public static func encode(_ trade: Trade, into bytes: inout [UInt8]) {
        begin(trade.instrument, into: &bytes)
        bytes.append(",\"trade_id\":")
        bytes.appendInteger(trade.tradeID)
        bytes.append(",\"price\":\"")
        bytes.appendEightPlaces(trade.price)
        bytes.append("\",\"quantity\":\"")
        bytes.appendEightPlaces(trade.quantity)
        bytes.append(trade.takerSide == .buy ? "\",\"taker_side\":\"buy\"" : "\",\"taker_side\":\"sell\"")
        bytes.append(",\"event_time_us\":")
        bytes.appendInteger(trade.eventTimeMicros)
        bytes.append(",\"received_time_us\":")
        bytes.appendInteger(trade.receivedTimeMicros)
        if trade.tradeCount != 1 {
            bytes.append(",\"trade_count\":")
            bytes.appendInteger(trade.tradeCount)
        }
        if let aggregateID = trade.aggregateID {
            bytes.append(",\"aggregate_id\":")
            bytes.appendInteger(aggregateID)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Appends the record that says that these ids cannot be had.
    public static func encode(_ gap: UnavailableTrades, into bytes: inout [UInt8]) {
        begin(gap.instrument, into: &bytes)
        bytes.append(",\"unavailable\":[")
        append(gap.tradeIDs, to: &bytes)
        bytes.append("],\"reason\":\"")
        bytes.appendEscaped(gap.reason.utf8)
        bytes.append("\"}")
    }

    /// Appends a person's wish that these ids be asked for again.
    public static func encodeReopen(_ instrument: Instrument, _ tradeIDs: ClosedRange<Int64>, into bytes: inout [UInt8])
    {
        begin(instrument, into: &bytes)
        bytes.append(",\"reopen\":[")
        append(tradeIDs, to: &bytes)
        bytes.append("]}")
    }

    /// Appends a person's word that the venue numbers the instrument's trades anew from here on.
    public static func encodeNewGeneration(_ instrument: Instrument, into bytes: inout [UInt8]) {
        begin(instrument, into: &bytes)
        bytes.append(",\"new_generation\":true}")
    }

    private static func begin(_ instrument: Instrument, into bytes: inout [UInt8]) {
        // Venue and symbol hold no character that JSON would want escaped.
        bytes.append("{\"venue\":\"")
        bytes.append(contentsOf: instrument.venue.utf8)
        bytes.append("\",\"symbol\":\"")
        bytes.append(contentsOf: instrument.symbol.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(_ ids: ClosedRange<Int64>, to bytes: inout [UInt8]) {
        bytes.appendInteger(ids.lowerBound)
        bytes.append(UInt8(ascii: ","))
        bytes.appendInteger(ids.upperBound)
    }
}

/// What a record of the topic `trades` says.
public enum TradeRecordValue: Hashable, Sendable {
    case trade(Trade)
    case unavailable(UnavailableTrades)
    /// A person wants these ids asked for again.
    case reopen(Instrument, ClosedRange<Int64>)
    /// The venue numbers the instrument's trades anew from here on.
    case newGeneration(Instrument)

    public var instrument: Instrument {
        switch self {
        case .trade(let trade): trade.instrument
        case .unavailable(let gap): gap.instrument
        case .reopen(let instrument, _), .newGeneration(let instrument): instrument
        }
    }
}
