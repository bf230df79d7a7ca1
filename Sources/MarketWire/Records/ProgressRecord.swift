/// How far the processor has come with an instrument, and which trades it lacks: topic `market.progress`.
public struct ProgressRecord: WireRecord {
    /// The instrument's key text, which is the record's key.
    public var symbol: String
    /// Counts the times the venue began its numbering anew.
    public var generation: Int64
    public var highestTradeID: Int64
    /// That trade's own time, unix microseconds.
    public var highestEventTimeMicros: Int64
    /// Ids that are missing, first and last included; the newest holes, if there are many.
    public var holes: [ClosedRange<Int64>]
    /// The topic of the trades, `trades` unless configured otherwise.
    public var topic: String
    /// Its partition that the instrument is in.
    public var partition: Int32
    /// Everything in the partition below this offset is in these figures.
    public var nextOffset: Int64

    public init(
        symbol: String, generation: Int64, highestTradeID: Int64, highestEventTimeMicros: Int64,
        holes: [ClosedRange<Int64>], topic: String, partition: Int32, nextOffset: Int64
    ) {
        self.symbol = symbol
        self.generation = generation
        self.highestTradeID = highestTradeID
        self.highestEventTimeMicros = highestEventTimeMicros
        self.holes = holes
        self.topic = topic
        self.partition = partition
        self.nextOffset = nextOffset
    }

    private enum Field: String, RecordField {
        case symbol, generation
        case highestTradeID = "highest_trade_id"
        case highestEventTimeMicros = "highest_event_time_us"
        case holes, topic, partition
        case nextOffset = "next_offset"
    }

    public func encode(into bytes: inout [UInt8]) {
        var json = JSONWriter(into: bytes)
        bytes = []
        json.beginObject()
        json.field("symbol", symbol)
        json.field("generation", generation)
        json.field("highest_trade_id", highestTradeID)
        json.field("highest_event_time_us", highestEventTimeMicros)
        json.key("holes")
        json.beginArray()
        for hole in holes { json.range(hole) }
        json.endArray()
        json.field("topic", topic)
        json.field("partition", partition)
        json.field("next_offset", nextOffset)
        json.endObject()
        bytes = json.bytes
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var symbol: String?, holes: [ClosedRange<Int64>]?, topic: String?, partition: Int32?
        var generation: Int64?, highestTradeID: Int64?, highestEventTimeMicros: Int64?, nextOffset: Int64?
        while let field = try record.next() {
            switch field {
            case .symbol: symbol = try record.text()
            case .generation: generation = try record.integer()
            case .highestTradeID: highestTradeID = try record.integer()
            case .highestEventTimeMicros: highestEventTimeMicros = try record.integer()
            case .holes: holes = try record.ranges()
            case .topic: topic = try record.text()
            case .partition: partition = try record.partition()
            case .nextOffset: nextOffset = try record.integer()
            }
        }
        try record.end()
        self.init(
            symbol: try record.require(symbol, .symbol), generation: try record.require(generation, .generation),
            highestTradeID: try record.require(highestTradeID, .highestTradeID),
            highestEventTimeMicros: try record.require(highestEventTimeMicros, .highestEventTimeMicros),
            holes: try record.require(holes, .holes), topic: try record.require(topic, .topic),
            partition: try record.require(partition, .partition),
            nextOffset: try record.require(nextOffset, .nextOffset))
    }
}

extension JSONWriter {
    /// `[first,last]`, both included.
    mutating func range(_ range: ClosedRange<Int64>) {
        beginArray()
        integer(range.lowerBound)
        integer(range.upperBound)
        endArray()
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func ranges() throws(WireError) -> [ClosedRange<Int64>] {
        var ranges: [ClosedRange<Int64>] = []
        do throws(JSONError) { try json.beginArray() } catch { throw named(error) }
        while true {
            do throws(JSONError) { guard try json.nextElement() else { return ranges } } catch { throw named(error) }
            ranges.append(try range())
        }
    }
}
