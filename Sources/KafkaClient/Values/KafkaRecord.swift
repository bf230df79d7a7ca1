/// A header of a record.
public struct KafkaHeader: Sendable, Hashable {
    public let name: String
    /// The bytes, or nil for a header without a value.
    public let value: [UInt8]?

    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    /// A header whose value is this text in UTF-8.
    public init(_ name: String, _ text: String) {
        self.init(name, Array(text.utf8))
    }
}

/// What a record's timestamp means.
public enum TimestampType: Int32, Sendable {
    /// The record has none.
    case none = 0
    /// The producer's time.
    case createTime = 1
    /// The broker's time of appending.
    case logAppendTime = 2
}

/// A record as an owned copy: it lives as long as one keeps it.
public struct KafkaRecord: Sendable, Hashable {
    public let topic: String
    public let partition: Int32
    public let offset: Int64
    /// Unix time in milliseconds, or nil when the record has none.
    public let timestampMillis: Int64?
    public let key: [UInt8]?
    /// The payload, or nil for a tombstone.
    public let value: [UInt8]?
    public let headers: [KafkaHeader]

    public init(
        topic: String, partition: Int32, offset: Int64, timestampMillis: Int64? = nil, key: [UInt8]?, value: [UInt8]?,
        headers: [KafkaHeader] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestampMillis = timestampMillis
        self.key = key
        self.value = value
        self.headers = headers
    }
}
