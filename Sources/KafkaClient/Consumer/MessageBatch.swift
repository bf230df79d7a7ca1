import CRdKafka

/// Messages as they came from the library, in the order of each partition; they live as long as the call that was
/// given them.
// @unchecked Sendable: read-only memory that nobody writes while the batch lives, and only ever lent for one call.
public struct MessageBatch: ~Copyable, @unchecked Sendable {
    /// How many there are.
    public let count: Int
    @usableFromInline let slots: UnsafePointer<MessageSlot>
    /// The names that ``KafkaMessage/topicIndex`` points to.
    public let topics: [String]

    init(slots: UnsafePointer<MessageSlot>, count: Int, topics: [String]) {
        self.slots = slots
        self.count = count
        self.topics = topics
    }

    /// The message at a place from 0 to `count - 1`.
    @inlinable
    public subscript(index: Int) -> KafkaMessage {
        @_lifetime(borrow self)
        get {
            precondition(index >= 0 && index < count, "no such message in the batch")
            return KafkaMessage(slots + index)
        }
    }
}

/// What is read of one message, so that a reader of another module needs no call per field.
@usableFromInline
struct MessageSlot {
    @usableFromInline var key: UnsafeRawPointer?
    @usableFromInline var payload: UnsafeRawPointer?
    @usableFromInline var keyCount: Int
    @usableFromInline var payloadCount: Int
    @usableFromInline var offset: Int64
    @usableFromInline var partition: Int32
    @usableFromInline var topicIndex: Int32
    /// librdkafka's message.
    @usableFromInline var message: UnsafeRawPointer

    init(_ message: UnsafePointer<rd_kafka_message_t>, topicIndex: Int32) {
        key = UnsafeRawPointer(message.pointee.key)
        payload = UnsafeRawPointer(message.pointee.payload)
        keyCount = message.pointee.key_len
        payloadCount = message.pointee.len
        offset = message.pointee.offset
        partition = message.pointee.partition
        self.topicIndex = topicIndex
        self.message = UnsafeRawPointer(message)
    }
}
