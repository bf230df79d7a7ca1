import CRdKafka
import Synchronization

/// The producer's inside: what senders share under a lock. Its thread's work is in `ProducerCore+Thread.swift`.
final class ProducerCore: Sendable {
    /// Tokens with this bit belong to callers that wait in
    /// ``deliver(topic:partition:key:value:headers:timestampMillis:)``.
    static let waiterBit: UInt64 = 1 << 63

    /// What a sender needs of librdkafka; gone once the thread begins to end the client.
    struct Sending {
        let client: LibraryClient
        var topics: [String: TopicHandle] = [:]
        /// Most messages go where the one before went.
        var last: (topic: String, handle: TopicHandle)?
    }

    /// @unchecked Sendable: librdkafka's topic handles may be used from any thread.
    struct TopicHandle: @unchecked Sendable { let pointer: OpaquePointer }

    struct Waiting {
        var nextID: UInt64 = 0
        /// Set by a refused message, cleared by an acknowledgement.
        var isFull = false
        var room: [UInt64: CheckedContinuation<Result<Void, KafkaError>, Never>] = [:]
        var flushes:
            [UInt64: (deadline: Deadline, continuation: CheckedContinuation<Result<Void, KafkaError>, Never>)] = [:]
        var deliveries: [UInt64: CheckedContinuation<Result<DeliveryReport, KafkaError>, Never>] = [:]
        var failure: KafkaError?
        /// When to give up; nil while nobody wants it closed.
        var closing: Deadline?

        mutating func newID() -> UInt64 {
            nextID += 1
            return nextID
        }
    }

    let client: LibraryClient
    let onDelivery: @Sendable (DeliveryBatch) -> Void
    let sending: Mutex<Sending?>
    let waiting = Mutex(Waiting())
    let tally = Mutex(ProducerCounters())
    let ended = Completion()

    init(
        _ configuration: KafkaConfiguration, options: ProducerOptions,
        onDelivery: @escaping @Sendable (DeliveryBatch) -> Void
    ) throws(KafkaError) {
        let events = Int32(RD_KAFKA_EVENT_DR) | Int32(RD_KAFKA_EVENT_ERROR) | Int32(RD_KAFKA_EVENT_STATS)
        client = try LibraryClient(RD_KAFKA_PRODUCER, configuration, options.settings) {
            rd_kafka_conf_set_events($0, events)
        }
        self.onDelivery = onDelivery
        sending = Mutex(Sending(client: client))
    }

    var state: ProducerState {
        if let failure = waiting.withLock({ $0.failure }) { return .failed(failure) }
        return sending.withLock { $0 == nil } || waiting.withLock { $0.closing != nil } ? .closed : .running
    }

    var counters: ProducerCounters { tally.withLock { $0 } }

    // MARK: Sending

    func send(
        topic: String, partition: Int32?, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader],
        timestampMillis: Int64?,
        token: UInt64
    ) throws(KafkaError) {
        try send(
            topic: topic, partition: partition, key: key?.span.bytes, value: value?.span.bytes, headers: headers,
            timestampMillis: timestampMillis, token: token)
    }

    func send(
        topic: String, partition: Int32?, key: RawSpan?, value: RawSpan?, headers: [KafkaHeader],
        timestampMillis: Int64?,
        token: UInt64
    ) throws(KafkaError) {
        if let refusal = waiting.withLock({ $0.failure ?? ($0.closing == nil ? nil : .closed("producer")) }) {
            throw refusal
        }
        // Counted before it is taken: its acknowledgement may come before this call returns.
        tally.withLock { $0.accepted += 1 }
        var failure: KafkaError?
        sending.withLock { sending in
            guard sending != nil else {
                failure = .closed("producer")
                return
            }
            do throws(KafkaError) {
                let handle = try Self.handle(of: topic, in: &sending)
                try produce(
                    handle, topic: topic, partition: partition, key: key, value: value, headers: headers,
                    timestampMillis: timestampMillis, token: token)
            } catch {
                failure = error
            }
        }
        guard let failure else { return }
        tally.withLock {
            $0.accepted -= 1
            if failure.code == .queueFull { $0.queueFull += 1 }
        }
        if failure.code == .queueFull { waiting.withLock { $0.isFull = true } }
        throw failure
    }

    private static func handle(of topic: String, in sending: inout Sending?) throws(KafkaError) -> OpaquePointer {
        if let last = sending?.last, last.topic == topic { return last.handle.pointer }
        if let known = sending?.topics[topic] {
            sending?.last = (topic, known)
            return known.pointer
        }
        guard let client = sending?.client else { throw .closed("producer") }
        guard let made = rd_kafka_topic_new(client.pointer, topic, nil) else {
            throw .library(rd_kafka_last_error(), "topic \(topic) cannot be used", topic: topic)
        }
        sending?.topics[topic] = TopicHandle(pointer: made)
        return made
    }

    private func produce(
        _ handle: OpaquePointer, topic: String, partition: Int32?, key: RawSpan?, value: RawSpan?,
        headers: [KafkaHeader],
        timestampMillis: Int64?, token: UInt64
    ) throws(KafkaError) {
        var list: OpaquePointer?
        if !headers.isEmpty {
            // A list of our own, handed over whole: adding headers one by one in the call frees them twice before
            // librdkafka 2.12.
            list = rd_kafka_headers_new(headers.count)
            for header in headers { Self.add(header, to: list) }
        }
        let error = withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 8) { arguments in
            var count = 0
            func add(_ type: rd_kafka_vtype_t, _ fill: (inout rd_kafka_vu_t) -> Void) {
                var argument = rd_kafka_vu_t()
                argument.vtype = type
                fill(&argument)
                arguments.initializeElement(at: count, to: argument)
                count += 1
            }
            add(RD_KAFKA_VTYPE_RKT) { $0.u.rkt = handle }
            add(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = Int32(RD_KAFKA_MSG_F_COPY) }
            add(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = UnsafeMutableRawPointer(bitPattern: UInt(token)) }
            if let partition { add(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = partition } }
            if let timestampMillis { add(RD_KAFKA_VTYPE_TIMESTAMP) { $0.u.i64 = timestampMillis } }
            if let list { add(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = list } }
            return Self.withPointer(to: key) { keyPointer, keyCount in
                Self.withPointer(to: value) { valuePointer, valueCount in
                    if let keyPointer {
                        add(RD_KAFKA_VTYPE_KEY) {
                            $0.u.mem.ptr = keyPointer
                            $0.u.mem.size = keyCount
                        }
                    }
                    if let valuePointer {
                        add(RD_KAFKA_VTYPE_VALUE) {
                            $0.u.mem.ptr = valuePointer
                            $0.u.mem.size = valueCount
                        }
                    }
                    return rd_kafka_produceva(client.pointer, arguments.baseAddress, count)
                }
            }
        }
        guard let error else { return }
        if let list { rd_kafka_headers_destroy(list) }
        throw .taking(error, "a message was not taken", topic: topic, partition: partition)
    }

    private static func add(_ header: KafkaHeader, to list: OpaquePointer?) {
        guard let value = header.value else {
            rd_kafka_header_add(list, header.name, -1, nil, 0)
            return
        }
        value.withUnsafeBytes { bytes in
            withUnsafePointer(to: UInt8(0)) { empty in
                // No address would mean no value; an empty one is a value.
                _ = rd_kafka_header_add(
                    list, header.name, -1, bytes.baseAddress ?? UnsafeRawPointer(empty), bytes.count)
            }
        }
    }

    /// The bytes' address, never nil for bytes that are there but empty; librdkafka only reads them.
    private static func withPointer<Result>(
        to bytes: RawSpan?, _ body: (UnsafeMutableRawPointer?, Int) -> Result
    ) -> Result {
        guard let bytes else { return body(nil, 0) }
        return bytes.withUnsafeBytes { buffer in
            withUnsafePointer(to: UInt8(0)) { empty in
                body(UnsafeMutableRawPointer(mutating: buffer.baseAddress ?? UnsafeRawPointer(empty)), buffer.count)
            }
        }
    }
}
