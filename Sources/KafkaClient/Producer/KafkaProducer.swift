/// Sends messages so that each lies in the log once and in order: idempotent, acknowledged by all replicas in sync,
/// lz4.
///
/// One thread of its own serves the acknowledgements. Success is only what a delivery says, never that
/// ``send(topic:partition:key:value:headers:timestampMillis:token:)`` returned.
public final class KafkaProducer: Sendable {
    let core: ProducerCore

    /// Makes a producer; brokers are connected to in the background.
    ///
    /// - Parameter onDelivery: Told what became of messages, in batches, on the producer's thread: be quick.
    /// - Throws: ``KafkaError`` with `.configuration` when a property is refused.
    public init(
        _ configuration: KafkaConfiguration, options: ProducerOptions = .init(),
        onDelivery: @escaping @Sendable (DeliveryBatch) -> Void = { _ in }
    ) throws(KafkaError) {
        core = try ProducerCore(configuration, options: options, onDelivery: onDelivery)
        try core.start()
    }

    deinit { core.beginClose(timeoutMillis: 0) }

    /// Takes a message for sending; never blocks. The bytes are copied.
    ///
    /// - Parameters:
    ///   - topic: The topic. Topics are few: each stays known until the producer is closed.
    ///   - partition: The partition, or nil for the partitioner's choice by the key.
    ///   - key: The key, or nil for none.
    ///   - value: The payload, or nil for a tombstone.
    ///   - headers: The headers, in order.
    ///   - timestampMillis: Unix time in milliseconds, or nil for now. Topics with `LogAppendTime` take the broker's.
    ///   - token: A number below 2^63 that comes back in the ``DeliveryBatch``.
    /// - Throws: ``KafkaError``: `.queueFull` (nothing was taken: ``waitForRoom()``, then again), `.fatal`,
    ///   `.closed`, `.messageTooLarge`, ...
    public func send(
        topic: String, partition: Int32? = nil, key: RawSpan?, value: RawSpan?, headers: [KafkaHeader] = [],
        timestampMillis: Int64? = nil, token: UInt64 = 0
    ) throws(KafkaError) {
        guard token < ProducerCore.waiterBit else {
            throw KafkaError(.invalidArgument, "token \(token) is not below 2^63", topic: topic)
        }
        try core.send(
            topic: topic, partition: partition, key: key, value: value, headers: headers,
            timestampMillis: timestampMillis,
            token: token)
    }

    /// Takes a message for sending; as the variant with spans.
    public func send(
        topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = [],
        timestampMillis: Int64? = nil, token: UInt64 = 0
    ) throws(KafkaError) {
        guard token < ProducerCore.waiterBit else {
            throw KafkaError(.invalidArgument, "token \(token) is not below 2^63", topic: topic)
        }
        try core.send(
            topic: topic, partition: partition, key: key, value: value, headers: headers,
            timestampMillis: timestampMillis,
            token: token)
    }

    /// Sends a message and waits for room and for the broker's acknowledgement.
    ///
    /// A cancelled task still waits for the acknowledgement of a message already taken (`messageTimeoutMillis` at
    /// most).
    /// - Throws: ``KafkaError``; after `.messageTimedOut` the message may lie in the log or not.
    @discardableResult
    public func deliver(
        topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = [],
        timestampMillis: Int64? = nil
    ) async throws(KafkaError) -> DeliveryReport {
        while true {
            do throws(KafkaError) {
                return try await core.deliver(
                    topic: topic, partition: partition, key: key, value: value, headers: headers,
                    timestampMillis: timestampMillis)
            } catch  where error.code == .queueFull {
                try await waitForRoom()
            }
        }
    }

    /// Waits until an acknowledgement has made room after a `.queueFull`; returns at once when there is room.
    ///
    /// - Throws: ``KafkaError``: `.cancelled`, `.closed`, `.fatal`.
    public func waitForRoom() async throws(KafkaError) { try await core.waitForRoom() }

    /// Waits until every message taken so far and meanwhile has been acknowledged or given up.
    ///
    /// - Throws: ``KafkaError``: `.timedOut` when some are still open at the deadline, `.cancelled`.
    public func flush(timeoutMillis: Int) async throws(KafkaError) {
        try await core.flush(timeoutMillis: timeoutMillis)
    }

    /// Takes no more, waits for what is open, and ends the producer. What is still open at the deadline is dropped
    /// and reported with `.purged`.
    public func close(timeoutMillis: Int = 10_000) async {
        core.beginClose(timeoutMillis: timeoutMillis)
        _ = await core.ended.wait(timeoutMillis: timeoutMillis + 5_000)
    }

    /// Whether it can still be used.
    public var state: ProducerState { core.state }

    /// What it has done so far.
    public var counters: ProducerCounters { core.counters }
}
