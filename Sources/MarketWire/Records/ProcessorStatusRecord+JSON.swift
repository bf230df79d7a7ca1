extension ProcessorStatusRecord {
    private enum Field: String, RecordField {
        case processorID = "processor_id"
        case version, state
        case startedTimeMicros = "started_time_us"
        case sentTimeMicros = "sent_time_us"
        case topic, counts, commit
        case eventToStore = "event_to_store"
        case partitions
    }

    public func encode(into bytes: inout [UInt8]) {
        var json = JSONWriter(into: bytes)
        bytes = []
        json.beginObject()
        json.field("processor_id", processorID)
        json.field("version", version)
        json.field("state", state.rawValue)
        json.field("started_time_us", startedTimeMicros)
        json.field("sent_time_us", sentTimeMicros)
        json.field("topic", topic)
        json.key("counts")
        counts.encode(into: &json)
        json.field("commit", commit)
        json.field("event_to_store", eventToStore)
        json.key("partitions")
        json.beginArray()
        for partition in partitions { partition.encode(into: &json) }
        json.endArray()
        json.endObject()
        bytes = json.bytes
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var processorID: String?, version: String?, state: State?, topic: String?, counts: Counts?
        var startedTimeMicros: Int64?, sentTimeMicros: Int64?, partitions: [Partition]?
        var commit: LatencyFigures?, eventToStore: LatencyFigures?
        while let field = try record.next() {
            switch field {
            case .processorID: processorID = try record.text()
            case .version: version = try record.text()
            case .state: state = try record.choice(of: State.self)
            case .startedTimeMicros: startedTimeMicros = try record.integer()
            case .sentTimeMicros: sentTimeMicros = try record.integer()
            case .topic: topic = try record.text()
            case .counts: counts = try Counts(reading: &record.json)
            case .commit: commit = try record.latency()
            case .eventToStore: eventToStore = try record.latency()
            case .partitions: partitions = try Self.readPartitions(&record.json)
            }
        }
        try record.end()
        self.init(
            processorID: try record.require(processorID, .processorID), version: try record.require(version, .version),
            state: try record.require(state, .state),
            startedTimeMicros: try record.require(startedTimeMicros, .startedTimeMicros),
            sentTimeMicros: try record.require(sentTimeMicros, .sentTimeMicros),
            topic: try record.require(topic, .topic), counts: try record.require(counts, .counts), commit: commit,
            eventToStore: eventToStore, partitions: try record.require(partitions, .partitions))
    }

    @_lifetime(json: copy json)
    private static func readPartitions(_ json: inout JSONReader) throws(WireError) -> [Partition] {
        var partitions: [Partition] = []
        do throws(JSONError) { try json.beginArray() } catch { throw WireError(error, field: "partitions") }
        while true {
            do throws(JSONError) {
                guard try json.nextElement() else { return partitions }
            } catch { throw WireError(error, field: "partitions") }
            partitions.append(try Partition(reading: &json))
        }
    }
}

extension ProcessorStatusRecord.Counts {
    fileprivate enum Field: String, RecordField {
        case tradesAccepted = "trades_accepted"
        case tradesDuplicate = "trades_duplicate"
        case tradesLate = "trades_late"
        case tradesBeyondRetention = "trades_beyond_retention"
        case candlesStored = "candles_stored"
        case candlesAmended = "candles_amended"
        case quarantined
        case idsFoundMissing = "ids_found_missing"
        case idsFilled = "ids_filled"
        case commits

        var path: WritableKeyPath<ProcessorStatusRecord.Counts, Int64> {
            switch self {
            case .tradesAccepted: \.tradesAccepted
            case .tradesDuplicate: \.tradesDuplicate
            case .tradesLate: \.tradesLate
            case .tradesBeyondRetention: \.tradesBeyondRetention
            case .candlesStored: \.candlesStored
            case .candlesAmended: \.candlesAmended
            case .quarantined: \.quarantined
            case .idsFoundMissing: \.idsFoundMissing
            case .idsFilled: \.idsFilled
            case .commits: \.commits
            }
        }
    }

    /// Appends the counts as an object.
    public func encode(into json: inout JSONWriter) {
        json.beginObject()
        for field in Field.allCases {
            json.key(field.rawValue)
            json.integer(self[keyPath: field.path])
        }
        json.endObject()
    }

    /// Reads the object that comes next. A count that is not there is 0: an older processor does not count it.
    @_lifetime(json: copy json)
    fileprivate init(reading json: inout JSONReader) throws(WireError) {
        self.init()
        var record = try RecordReader(json, of: Field.self)
        while let field = try record.next() { self[keyPath: field.path] = try record.integer() }
        json = record.json
    }
}

extension ProcessorStatusRecord.Partition {
    private enum Field: String, RecordField {
        case partition, state, reason
        case nextOffset = "next_offset"
        case watermarkMicros = "watermark_us"
        case instruments, waiting
    }

    fileprivate func encode(into json: inout JSONWriter) {
        json.beginObject()
        json.field("partition", partition)
        json.field("state", state.rawValue)
        json.field("reason", reason)
        json.field("next_offset", nextOffset)
        json.field("watermark_us", watermarkMicros)
        json.field("instruments", instruments)
        json.field("waiting", waiting)
        json.endObject()
    }

    @_lifetime(json: copy json)
    fileprivate init(reading json: inout JSONReader) throws(WireError) {
        var record = try RecordReader(json, of: Field.self)
        var partition: Int32?, state: State?, reason: String?, nextOffset: Int64?, watermarkMicros: Int64?
        var instruments: Int64 = 0, waiting: Int64 = 0
        while let field = try record.next() {
            switch field {
            case .partition: partition = try record.partition()
            case .state: state = try record.choice(of: State.self)
            case .reason: reason = try record.optionalText()
            case .nextOffset: nextOffset = try record.optionalInteger()
            case .watermarkMicros: watermarkMicros = try record.optionalInteger()
            case .instruments: instruments = try record.integer()
            case .waiting: waiting = try record.integer()
            }
        }
        self.init(
            partition: try record.require(partition, .partition), state: try record.require(state, .state),
            reason: reason, nextOffset: nextOffset, watermarkMicros: watermarkMicros, instruments: instruments,
            waiting: waiting)
        json = record.json
    }
}
