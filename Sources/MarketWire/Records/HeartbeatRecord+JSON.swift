extension HeartbeatRecord {
    private enum Field: String, RecordField {
        case producerID = "producer_id"
        case startedTimeMicros = "started_time_us"
        case sentTimeMicros = "sent_time_us"
        case version
        case waitingTrades = "waiting_trades"
        case connections
    }

    public func encode(into bytes: inout [UInt8]) {
        var json = JSONWriter(into: bytes)
        bytes = []
        json.beginObject()
        json.field("producer_id", producerID)
        json.field("started_time_us", startedTimeMicros)
        json.field("sent_time_us", sentTimeMicros)
        if let version { json.field("version", version) }
        if let waitingTrades { json.field("waiting_trades", waitingTrades) }
        json.key("connections")
        json.beginArray()
        for connection in connections { connection.encode(into: &json) }
        json.endArray()
        json.endObject()
        bytes = json.bytes
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var producerID: String?, startedTimeMicros: Int64?, sentTimeMicros: Int64?, connections: [Connection]?
        var version: String?, waitingTrades: Int64?
        while let field = try record.next() {
            switch field {
            case .producerID: producerID = try record.text()
            case .startedTimeMicros: startedTimeMicros = try record.integer()
            case .sentTimeMicros: sentTimeMicros = try record.integer()
            case .version: version = try record.text()
            case .waitingTrades: waitingTrades = try record.integer()
            case .connections: connections = try Self.readConnections(&record.json)
            }
        }
        try record.end()
        self.init(
            producerID: try record.require(producerID, .producerID),
            startedTimeMicros: try record.require(startedTimeMicros, .startedTimeMicros),
            sentTimeMicros: try record.require(sentTimeMicros, .sentTimeMicros),
            connections: try record.require(connections, .connections), version: version, waitingTrades: waitingTrades)
    }

    @_lifetime(json: copy json)
    private static func readConnections(_ json: inout JSONReader) throws(WireError) -> [Connection] {
        var connections: [Connection] = []
        do throws(JSONError) { try json.beginArray() } catch { throw WireError(error, field: "connections") }
        while true {
            do throws(JSONError) {
                guard try json.nextElement() else { return connections }
            } catch { throw WireError(error, field: "connections") }
            connections.append(try Connection(reading: &json))
        }
    }
}

extension HeartbeatRecord.Connection {
    private enum Field: String, RecordField {
        case venue, name, state, instruments
        case connectedSinceMicros = "connected_since_us"
        case lastMessageTimeMicros = "last_message_time_us"
        case lastTradeTimeMicros = "last_trade_time_us"
        case messagesPerSecond = "messages_per_second"
        case tradesPerSecond = "trades_per_second"
        case reconnectCount = "reconnect_count"
        case lastError = "last_error"
        case eventLag = "event_lag"
    }

    fileprivate func encode(into json: inout JSONWriter) {
        json.beginObject()
        json.field("venue", venue)
        json.field("name", name)
        json.field("state", state.rawValue)
        json.key("instruments")
        json.beginArray()
        for instrument in instruments { json.string(instrument) }
        json.endArray()
        json.field("connected_since_us", connectedSinceMicros)
        json.field("last_message_time_us", lastMessageTimeMicros)
        json.field("last_trade_time_us", lastTradeTimeMicros)
        json.key("messages_per_second")
        json.number(messagesPerSecond.isFinite ? messagesPerSecond : 0)
        json.key("trades_per_second")
        json.number(tradesPerSecond.isFinite ? tradesPerSecond : 0)
        json.field("reconnect_count", reconnectCount)
        json.field("last_error", lastError)
        if let eventLag { json.field("event_lag", eventLag) }
        json.endObject()
    }

    @_lifetime(json: copy json)
    fileprivate init(reading json: inout JSONReader) throws(WireError) {
        var record = try RecordReader(json, of: Field.self)
        var venue: String?, name: String?, state: State?, instruments: [String]?, lastError: String?
        var connectedSinceMicros: Int64?, lastMessageTimeMicros: Int64?, lastTradeTimeMicros: Int64?
        var messagesPerSecond: Double?, tradesPerSecond: Double?, reconnectCount: Int64?
        var eventLag: LatencyFigures?
        while let field = try record.next() {
            switch field {
            case .venue: venue = try record.text()
            case .name: name = try record.text()
            case .state:
                let text = try record.text()
                state = State(rawValue: text)
                if state == nil { throw record.bad("'\(text.prefix(16))' is no connection's state") }
            case .instruments: instruments = try record.texts()
            case .connectedSinceMicros: connectedSinceMicros = try record.optionalInteger()
            case .lastMessageTimeMicros: lastMessageTimeMicros = try record.optionalInteger()
            case .lastTradeTimeMicros: lastTradeTimeMicros = try record.optionalInteger()
            case .messagesPerSecond: messagesPerSecond = try record.number()
            case .tradesPerSecond: tradesPerSecond = try record.number()
            case .reconnectCount: reconnectCount = try record.integer()
            case .lastError: lastError = try record.optionalText()
            case .eventLag: eventLag = try record.latency()
            }
        }
        self.init(
            venue: try record.require(venue, .venue), name: try record.require(name, .name),
            state: try record.require(state, .state), instruments: try record.require(instruments, .instruments),
            connectedSinceMicros: connectedSinceMicros, lastMessageTimeMicros: lastMessageTimeMicros,
            lastTradeTimeMicros: lastTradeTimeMicros,
            messagesPerSecond: try record.require(messagesPerSecond, .messagesPerSecond),
            tradesPerSecond: try record.require(tradesPerSecond, .tradesPerSecond),
            reconnectCount: try record.require(reconnectCount, .reconnectCount), lastError: lastError,
            eventLag: eventLag)
        json = record.json
    }
}
