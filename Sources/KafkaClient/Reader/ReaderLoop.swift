import CRdKafka

/// What the reader's thread does. Made and used on that thread alone.
struct ReaderLoop {
    private static let pollMillis: Int32 = 100
    private static let retryMillis = 250

    private let core: ReaderCore
    private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private let capacity: Int

    init(_ core: ReaderCore) {
        self.core = core
        capacity = max(1, min(core.options.bufferedRecords, 1_000))
        messages = .allocate(capacity: capacity)
        messages.initialize(repeating: nil, count: capacity)
    }

    /// The thread's whole life.
    func run() {
        let queue = rd_kafka_queue_get_consumer(core.client.pointer)
        core.shared.withLock { $0.queue = queue.map { QueueHandle(pointer: $0) } }
        if let queue, begin() {
            while !isOver && hasRoom() {
                let first = rd_kafka_consume_batch_queue(queue, Self.pollMillis, messages, 1)
                var count = max(0, first)
                if count == 1 && capacity > 1 {
                    count += max(0, rd_kafka_consume_batch_queue(queue, 0, messages + 1, capacity - 1))
                }
                pass(count)
                for failure in core.client.callbacks.take().failures { fail(failure) }
            }
        }
        core.beginClose()
        core.shared.withLock { $0.queue = nil }
        core.queries.stop()
        _ = rd_kafka_assign(core.client.pointer, nil)
        if let queue { rd_kafka_queue_destroy(queue) }
        core.client.destroy()
        messages.deallocate()
        core.ended.finish()
    }

    private var isOver: Bool { core.shared.withLock { $0.isClosing || $0.failure != nil } }

    /// Waits until the task has taken enough: fetching ahead is bounded, and stands still meanwhile.
    private func hasRoom() -> Bool {
        let limit = max(1, core.options.bufferedRecords)
        return core.shared.wait { shared -> Bool? in
            if shared.isClosing { return false }
            return shared.waiting < limit ? true : nil
        } ?? false
    }

    /// Learns the partitions, trying again until the topic and a broker are there, and assigns them.
    private func begin() -> Bool {
        while !isOver {
            do throws(KafkaError) {
                let partitions: [Int32]
                if let given = core.plan.partitions {
                    partitions = given
                } else {
                    let known = try core.client.metadata(topic: core.plan.topic, deadline: Deadline(millis: 2_000))
                    guard let found = known.topics[core.plan.topic] else {
                        throw KafkaError(
                            .unknownTopicOrPartition, "there is nothing to read yet", topic: core.plan.topic)
                    }
                    partitions = found.map(\.id)
                }
                try assign(partitions)
                core.shared.withLock { $0.partitions = partitions }
                return true
            } catch {
                if endsReading(error) { fail(error) } else { core.client.callbacks.onEvent(.error(error)) }
            }
            // Sleeps, unless it is closed meanwhile.
            _ = core.shared.wait(until: Deadline(millis: Self.retryMillis)) { $0.isClosing ? true : nil }
        }
        return false
    }

    private func assign(_ partitions: [Int32]) throws(KafkaError) {
        let plan = core.plan
        let list = PartitionList(
            partitions.map { partition in
                PartitionStart(
                    TopicPartition(plan.topic, partition), at: plan.offsets[partition].map { .offset($0) } ?? plan.start
                )
            })
        let number = list.withPointer { rd_kafka_assign(core.client.pointer, $0) }
        if number != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw .library(number, "reading could not be begun", topic: plan.topic)
        }
    }

    /// Copies messages into the buffer and destroys them.
    private func pass(_ count: Int) {
        var events: [ReaderEvent] = []
        for index in 0..<count {
            guard let message = messages[index] else { continue }
            defer {
                rd_kafka_message_destroy(message)
                messages[index] = nil
            }
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR: events.append(.record(KafkaMessage.copy(of: message)))
            case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                events.append(.reachedEnd(partition: message.pointee.partition, offset: message.pointee.offset))
            default:
                let words = rd_kafka_message_errstr(message).map { String(cString: $0) }
                let error = KafkaError.library(
                    message.pointee.err, "reading was interrupted", words: words, topic: core.plan.topic,
                    partition: message.pointee.partition < 0 ? nil : message.pointee.partition)
                if endsReading(error) { fail(error) } else { core.client.callbacks.onEvent(.error(error)) }
            }
        }
        guard !events.isEmpty else { return }
        let answer = core.shared.withLock { shared -> (taker: ReaderCore.Taker, batch: [ReaderEvent])? in
            shared.events.append(contentsOf: events)
            guard let waiter = shared.waiter else { return nil }
            shared.waiter = nil
            return (waiter.continuation, shared.take(atMost: waiter.limit))
        }
        if let answer { answer.taker.resume(returning: .success(answer.batch)) }
    }

    /// Whether waiting would not help.
    private func endsReading(_ error: KafkaError) -> Bool {
        if error.isFatal { return true }
        switch error.code {
        case .offsetOutOfRange, .authorization, .authentication, .invalidArgument, .configuration, .notSupported:
            return true
        default: return false
        }
    }

    private func fail(_ error: KafkaError) {
        let waiter = core.shared.withLock { shared in
            if shared.failure == nil { shared.failure = error }
            defer { shared.waiter = nil }
            return shared.waiter
        }
        waiter?.continuation.resume(returning: .failure(error))
    }
}
