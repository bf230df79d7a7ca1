import MarketCore
import MarketWire
import PostgresClient
import ServiceKit

/// A candle row as a commit left it, on its way to Redis and the topic `candles`.
package struct StoredCandle: Sendable {
    package let record: CandleRecord
    /// The partition of `trades` that it came from.
    package let partition: Int32
    /// The row of the outbox that says it was not published yet; nil where it is only sent once more.
    package let outboxID: Int64?

    package init(record: CandleRecord, partition: Int32, outboxID: Int64?) {
        self.record = record
        self.partition = partition
        self.outboxID = outboxID
    }

    /// Reads one row of the database's type `candle_change`.
    ///
    /// - Parameter lineage: of the partition, which readers of the topic compare before the revision.
    init(_ row: PostgresRow, partition: Int32, lineage: Int64) throws(PostgresError) {
        guard let interval = Interval(try row.value("interval", as: String.self)) else {
            throw PostgresError(
                .decoding, "a candle row has the interval '\(try row.value("interval", as: String.self))'")
        }
        self.partition = try row.optional("topic_partition") ?? partition
        outboxID = try row.optional("outbox_id")
        record = try CandleRecord(row, interval: interval, lineage: lineage)
    }
}
