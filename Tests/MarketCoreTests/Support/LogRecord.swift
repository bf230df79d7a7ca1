import MarketCore

/// A record as it lies in a log, by instrument key, so that it outlives the indexes of any one partition state.
struct LogRecord {
    enum Content {
        case trade(TradeInput)
        case control(ControlRecord.Content)
    }

    var key: String
    var content: Content
    var recordTimestampMicros: Int64 = -1

    var trade: TradeInput? {
        if case .trade(let trade) = content { return trade }
        return nil
    }

    /// A trade; times in microseconds after ``testEpochMicros``. A number that is none becomes one that is refused.
    static func trade(
        _ key: String = "BTCUSDT", id: Int64, count: Int64 = 1, price: String = "100", quantity: String = "1",
        side: TakerSide = .buy, at timeMicros: Int64, recordAt recordMicros: Int64? = nil
    ) -> LogRecord {
        let recordTimestampMicros = recordMicros.map { $0 + testEpochMicros } ?? -1
        return LogRecord(
            key: key,
            content: .trade(
                TradeInput(
                    instrument: 0, tradeID: id, tradeCount: count, price: Price(price) ?? Price(raw: .min),
                    quantity: Quantity(quantity) ?? Quantity(raw: .min), takerSide: side,
                    eventTimeMicros: testEpochMicros + timeMicros,
                    offset: 0, recordTimestampMicros: recordTimestampMicros)),
            recordTimestampMicros: recordTimestampMicros)
    }

    static func control(_ content: ControlRecord.Content, key: String = "BTCUSDT") -> LogRecord {
        LogRecord(key: key, content: .control(content))
    }
}

/// 2 January 2020, 00:00 UTC: the beginning of a window of every interval.
let testEpochMicros: Int64 = 1_577_923_200_000_000
let testEpochSeconds: Int64 = 1_577_923_200

let second: Int64 = 1_000_000
let minute: Int64 = 60 * second
let hour: Int64 = 60 * minute
