/// Where an acknowledged message lies.
public struct DeliveryReport: Sendable, Hashable {
    public let partition: Int32
    public let offset: Int64

    public init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }
}

/// What became of one message that was sent with a token.
public struct Delivery: Sendable, Hashable {
    /// The token it was sent with.
    public let token: UInt64
    /// The partition it went to; -1 when it never got that far.
    public let partition: Int32
    /// Its offset; -1 when it failed.
    public let offset: Int64
    /// Why it failed, or nil when all replicas in sync have it.
    public let failure: KafkaError.Code?

    public init(token: UInt64, partition: Int32, offset: Int64, failure: KafkaError.Code?) {
        self.token = token
        self.partition = partition
        self.offset = offset
        self.failure = failure
    }
}

/// A message that was given up, with its bytes: whoever must not lose it sends it again.
public struct UndeliveredMessage: Sendable, Hashable {
    public let key: [UInt8]?
    /// The payload, or nil for a tombstone.
    public let value: [UInt8]?
    public let failure: KafkaError.Code

    public init(key: [UInt8]?, value: [UInt8]?, failure: KafkaError.Code) {
        self.key = key
        self.value = value
        self.failure = failure
    }
}

/// Deliveries of one topic, as many as came together; in the order of sending within each partition.
public struct DeliveryBatch: Sendable {
    public let topic: String
    public let deliveries: [Delivery]
    /// Those of them that failed; librdkafka still has their bytes then, so that no sender needs to keep a copy.
    public let undelivered: [UndeliveredMessage]

    public init(topic: String, deliveries: [Delivery], undelivered: [UndeliveredMessage] = []) {
        self.topic = topic
        self.deliveries = deliveries
        self.undelivered = undelivered
    }
}

/// Whether a producer can still be used.
public enum ProducerState: Sendable, Equatable {
    case running
    /// It can send nothing any more (order or exactly-once within the log could not be kept): close it and make a new
    /// one.
    case failed(KafkaError)
    case closed
}

/// What a producer has done since it was made, in messages.
public struct ProducerCounters: Sendable, Equatable {
    /// Taken for sending.
    public var accepted: UInt64
    /// Acknowledged by the broker.
    public var acknowledged: UInt64
    /// Given up.
    public var failed: UInt64
    /// Refused because the queue was full.
    public var queueFull: UInt64
    /// Taken and neither acknowledged nor given up yet.
    public var queued: Int { Int(accepted &- acknowledged &- failed) }

    public init(accepted: UInt64 = 0, acknowledged: UInt64 = 0, failed: UInt64 = 0, queueFull: UInt64 = 0) {
        self.accepted = accepted
        self.acknowledged = acknowledged
        self.failed = failed
        self.queueFull = queueFull
    }
}
