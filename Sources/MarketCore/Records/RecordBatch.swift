/// Consecutive records of one partition, decoded, in the order of their offsets. Its memory is used again and again.
public struct RecordBatch: ~Copyable, Sendable {
    /// The trades, in order.
    public private(set) var trades: [TradeInput]
    /// The other records, each with the number of trades that come before it.
    public private(set) var controls: [(tradesBefore: Int, record: ControlRecord)]
    /// The offset to read next once all of this is taken in: one more than the highest offset appended, or more where
    /// the log has records that are nobody's (transaction markers), see ``extend(toOffset:)``.
    public private(set) var endOffset: Int64

    /// - Parameter capacity: trades it holds without taking more memory.
    public init(capacity: Int = 0) {
        trades = []
        trades.reserveCapacity(capacity)
        controls = []
        endOffset = 0
    }

    /// Records in it.
    public var count: Int { trades.count + controls.count }

    public var isEmpty: Bool { trades.isEmpty && controls.isEmpty }

    /// Adds a trade. Offsets must rise from record to record.
    public mutating func append(_ trade: TradeInput) {
        trades.append(trade)
        endOffset = trade.offset + 1
    }

    /// Adds a record that is no trade. Offsets must rise from record to record.
    public mutating func append(_ record: ControlRecord) {
        controls.append((trades.count, record))
        endOffset = record.offset + 1
    }

    /// Says that everything below `offset` has been read, whether or not it was a record for us.
    public mutating func extend(toOffset offset: Int64) {
        if offset > endOffset { endOffset = offset }
    }

    /// Empties it and keeps its memory.
    public mutating func removeAll() {
        trades.removeAll(keepingCapacity: true)
        controls.removeAll(keepingCapacity: true)
        endOffset = 0
    }
}
