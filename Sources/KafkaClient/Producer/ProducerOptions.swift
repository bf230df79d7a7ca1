/// How a producer batches, waits and bounds.
public struct ProducerOptions: Sendable {
    /// Which partition a key goes to, under librdkafka's names; `murmur2_random` agrees with Java's clients.
    public var partitioner = "murmur2_random"
    /// How long a message may wait for others to go in one request, in milliseconds.
    public var lingerMillis = 5
    /// How long a message may take until the broker has acknowledged it, retries included, in milliseconds; then it
    /// fails.
    public var messageTimeoutMillis = 30_000
    /// How many messages may wait for their acknowledgement; further ones are refused with `queueFull`.
    public var maxQueuedMessages = 100_000
    /// How many kilobytes of messages may wait; further ones are refused with `queueFull`.
    public var maxQueuedKilobytes = 65_536

    public init() {}

    var settings: LibraryConfiguration {
        LibraryConfiguration(
            defaults: [
                ("compression.codec", "lz4"),
                ("partitioner", partitioner),
                ("linger.ms", String(lingerMillis)),
                ("message.timeout.ms", String(messageTimeoutMillis)),
                ("queue.buffering.max.messages", String(maxQueuedMessages)),
                ("queue.buffering.max.kbytes", String(maxQueuedKilobytes)),
            ],
            owned: [
                .init(name: "enable.idempotence", value: "true", synonyms: ["1", "t"]),
                .init(name: "acks", value: "all", synonyms: ["-1"]),
                .init(name: "request.required.acks", value: "all", synonyms: ["-1"]),
            ],
            ignored: ["group.id", "group.protocol", "session.timeout.ms", "partition.assignment.strategy"])
    }
}
