import MarketWire
import ServiceKit

extension SystemReport {
    func encode(into json: inout JSONWriter) {
        json.beginObject()
        json.field("time_us", nowMicros)
        json.field("source", marketSource)
        json.field("simulated", marketSource.isSimulatedMarketSource)
        json.key("api")
        api.encode(into: &json)
        json.key("stores")
        json.array(stores) { json, store in
            json.field("name", store.name)
            json.field("state", store.state)
            json.field("reason", store.reason)
            json.field("answer_us", store.answerMicros)
        }
        json.key("venues")
        json.array(venues) { json, venue in
            json.field("venue", venue.venue)
            json.field("state", venue.state.rawValue)
            json.field("last_trade_age_ms", venue.lastTradeAgeMillis)
        }
        json.key("producers")
        json.array(producers) { json, producer in encode(producer, into: &json) }
        json.key("processors")
        if let processors {
            json.array(processors) { json, processor in encode(processor, into: &json) }
        } else {
            json.null()
        }
        json.key("partitions")
        json.array(partitions) { json, partition in partition.encode(into: &json) }
        json.key("stored")
        if let stored { stored.encode(into: &json) } else { json.null() }
        json.endObject()
    }

    private func encode(_ producer: HeartbeatRecord, into json: inout JSONWriter) {
        json.field("producer_id", producer.producerID)
        json.field("version", producer.version)
        json.field("state", producer.isSilent(nowMicros: nowMicros) ? "silent" : "running")
        json.field("started_time_us", producer.startedTimeMicros)
        json.field("sent_time_us", producer.sentTimeMicros)
        json.field("waiting_trades", producer.waitingTrades)
        json.key("connections")
        json.array(producer.connections) { json, connection in
            json.field("venue", connection.venue)
            json.field("name", connection.name)
            json.field("state", connection.state.rawValue)
            json.field("instruments", connection.instruments.count)
            json.field("connected_since_us", connection.connectedSinceMicros)
            json.field("last_message_time_us", connection.lastMessageTimeMicros)
            json.field("last_trade_time_us", connection.lastTradeTimeMicros)
            json.key("messages_per_second")
            json.number(connection.messagesPerSecond)
            json.key("trades_per_second")
            json.number(connection.tradesPerSecond)
            json.field("reconnect_count", connection.reconnectCount)
            json.field("last_error", connection.lastError)
            json.field("event_lag", connection.eventLag)
        }
    }

    private func encode(_ processor: ProcessorStatusRecord, into json: inout JSONWriter) {
        json.field("processor_id", processor.processorID)
        json.field("version", processor.version)
        json.field("state", state(of: processor))
        json.field("started_time_us", processor.startedTimeMicros)
        json.field("sent_time_us", processor.sentTimeMicros)
        json.field("partitions", processor.partitions.count)
        json.key("counts")
        processor.counts.encode(into: &json)
        json.field("commit", processor.commit)
        json.field("event_to_store", processor.eventToStore)
    }
}

extension APIFigures {
    fileprivate func encode(into json: inout JSONWriter) {
        json.beginObject()
        json.field("version", Version.text)
        json.field("started_time_us", startedMicros)
        json.field("websocket_clients", webSocketClients)
        json.field("event_clients", eventClients)
        json.field("client_limit", clientLimit)
        json.field("feed", feed)
        json.field("event_to_api", eventToAPI)
        json.key("parts")
        json.array(parts) { json, part in
            json.field("name", part.name)
            json.field("state", part.state.name)
            json.field("reason", part.state.reason)
        }
        json.endObject()
    }
}

extension SystemReport.Partition {
    fileprivate func encode(into json: inout JSONWriter) {
        json.field("partition", number)
        json.field("processor_id", processorID)
        json.field("state", state)
        json.field("reason", reason)
        json.field("next_offset", nextOffset)
        json.field("end_offset", endOffset)
        json.field("lag", lag)
        json.field("watermark_us", watermarkMicros)
        json.field("newest_trade_us", newestTradeMicros)
        json.field("committed_time_us", committedMicros)
        json.field("instruments", instruments)
        json.field("waiting", waiting)
    }
}

extension StoredFigures {
    fileprivate func encode(into json: inout JSONWriter) {
        json.beginObject()
        json.field("quarantined", quarantined)
        json.field("late_trades", lateTrades)
        json.field("count_limit", Self.countLimit)
        json.key("last_hour")
        if let lastHour {
            json.beginObject()
            json.field("interval", lastHour.interval.description)
            json.field("start", lastHour.start)
            json.field("end", lastHour.end)
            json.field("candles", lastHour.candles)
            json.field("incomplete_candles", lastHour.incomplete)
            json.field("missing_trades", lastHour.missingTrades)
            json.field("trade_count", lastHour.trades)
            json.endObject()
        } else {
            json.null()
        }
        json.endObject()
    }
}

extension JSONWriter {
    /// An array of objects.
    fileprivate mutating func array<Elements: Sequence>(
        _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        beginArray()
        for element in elements {
            beginObject()
            write(&self, element)
            endObject()
        }
        endArray()
    }
}
