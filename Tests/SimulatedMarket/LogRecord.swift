import MarketCore

/// A record as it lies in a log, by instrument key, so that it outlives the indexes of any one partition state.
package struct LogRecord: Sendable {
    package enum Content: Sendable {
        case trade(TradeInput)
        case control(ControlRecord.Content)
    }

    package var key: String
    package var content: Content
    package var recordTimestampMicros: Int64 = -1

    package var trade: TradeInput? {
        if case .trade(let trade) = content { return trade }
        return nil
    }

    /// A trade; times in microseconds after ``testEpochMicros``. A number that is none becomes one that is refused.
    package static func trade(
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

    package static func control(_ content: ControlRecord.Content, key: String = "BTCUSDT") -> LogRecord {
        LogRecord(key: key, content: .control(content))
    }
}

/// 2 January 2020, 00:00 UTC: the beginning of a window of every interval.
package let testEpochMicros: Int64 = 1_577_923_200_000_000
package let testEpochSeconds: Int64 = 1_577_923_200

package let second: Int64 = 1_000_000
package let minute: Int64 = 60 * second
package let hour: Int64 = 60 * minute
