import CRdKafka

/// One message of a batch, which it cannot outlive. Nothing is copied or counted.
public struct KafkaMessage: ~Escapable {
    @usableFromInline let slot: UnsafePointer<MessageSlot>

    /// The slot must live as long as what the result's lifetime is made to depend on.
    @usableFromInline
    @_lifetime(immortal)
    init(_ slot: UnsafePointer<MessageSlot>) { self.slot = slot }

    /// The place of its topic in ``MessageBatch/topics``.
    @inlinable public var topicIndex: Int { Int(slot.pointee.topicIndex) }
    @inlinable public var partition: Int32 { slot.pointee.partition }
    @inlinable public var offset: Int64 { slot.pointee.offset }

    /// The key's bytes, or nil for no key.
    @inlinable
    public var key: RawSpan? {
        @_lifetime(copy self)
        get {
            guard let start = slot.pointee.key else { return nil }
            return unsafe _overrideLifetime(
                RawSpan(_unsafeStart: start, byteCount: slot.pointee.keyCount), copying: self)
        }
    }

    /// The payload's bytes, or nil for a tombstone.
    @inlinable
    public var payload: RawSpan? {
        @_lifetime(copy self)
        get {
            guard let start = slot.pointee.payload else { return nil }
            return unsafe _overrideLifetime(
                RawSpan(_unsafeStart: start, byteCount: slot.pointee.payloadCount), copying: self)
        }
    }

    /// Unix time in milliseconds, or -1 when the message has none.
    public var timestampMillis: Int64 { timestamp.millis }

    /// What the timestamp means.
    public var timestampType: TimestampType { timestamp.type }

    private var timestamp: (millis: Int64, type: TimestampType) {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let millis = rd_kafka_message_timestamp(library, &type)
        return (millis, TimestampType(rawValue: Int32(type.rawValue)) ?? .none)
    }

    private var library: UnsafePointer<rd_kafka_message_t> {
        slot.pointee.message.assumingMemoryBound(to: rd_kafka_message_t.self)
    }

    /// The value of the last header of this name; nil when there is none, or it has no value.
    public func header(_ name: String) -> [UInt8]? {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(library, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        var value: UnsafeRawPointer?
        var count = 0
        guard rd_kafka_header_get_last(list, name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR, let value else {
            return nil
        }
        return Array(UnsafeRawBufferPointer(start: value, count: count))
    }

    /// All headers, in order.
    public var headers: [KafkaHeader] { Self.headers(of: library) }

    /// An owned copy of all of it.
    public func copy() -> KafkaRecord { Self.copy(of: library) }

    static func copy(of message: UnsafePointer<rd_kafka_message_t>) -> KafkaRecord {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let millis = rd_kafka_message_timestamp(message, &type)
        return KafkaRecord(
            topic: message.pointee.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? "",
            partition: message.pointee.partition, offset: message.pointee.offset,
            timestampMillis: type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : millis,
            key: message.pointee.key.map { Array(UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len)) },
            value: message.pointee.payload.map { Array(UnsafeRawBufferPointer(start: $0, count: message.pointee.len)) },
            headers: headers(of: message))
    }

    private static func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return [] }
        var headers: [KafkaHeader] = []
        for index in 0..<rd_kafka_header_cnt(list) {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var count = 0
            guard rd_kafka_header_get_all(list, index, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR, let name
            else { break }
            let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
            headers.append(KafkaHeader(String(cString: name), bytes))
        }
        return headers
    }
}
