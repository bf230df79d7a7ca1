import CRdKafka

/// What the consumer's thread does and what only it knows. Made and used on that thread alone.
final class ConsumerLoop {
    /// One assigned partition.
    struct Partition {
        enum Phase { case held, fetched, paused }

        var phase = Phase.held
        /// Where fetching was begun last.
        var start = StartOffset.beginning
        /// After the last message or end that was delivered.
        var position: Int64?
    }

    let core: ConsumerCore
    let client: LibraryClient
    let handler: any ConsumerHandler
    /// What the group has given this member.
    var partitions: [TopicPartition: Partition] = [:]

    private let queue: OpaquePointer
    private let capacity: Int
    private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private let slots: UnsafeMutablePointer<MessageSlot>
    private var topics: [String] = []
    private var topicOfHandle: [OpaquePointer: Int32] = [:]
    private var fatal: KafkaError?
    /// From when on new partitions are not taken any more.
    private(set) var isLeaving = false
    private var nextTick: Deadline

    init(_ core: ConsumerCore, queue: QueueHandle, handler: any ConsumerHandler) {
        self.core = core
        client = core.client
        self.queue = queue.pointer
        self.handler = handler
        capacity = max(1, core.options.batchMessages)
        messages = .allocate(capacity: capacity)
        messages.initialize(repeating: nil, count: capacity)
        slots = .allocate(capacity: capacity)
        nextTick = Deadline(millis: core.options.tickMillis)
    }

    deinit {
        messages.deallocate()
        slots.deallocate()
    }

    /// The thread's whole life.
    func run() {
        while fatal == nil && core.closing == nil {
            let count = poll()
            deliver(count)
            settle()
            for wish in core.takeWishes() { wish(ConsumerControl(self)) }
            if nextTick.hasPassed {
                handler.tick(ConsumerControl(self))
                nextTick = Deadline(millis: core.options.tickMillis)
            }
        }
        leave()
        // After a fatal error or at the deadline librdkafka may have asked for nothing back: the handler is told all
        // the same.
        if !partitions.isEmpty {
            handler.lost(partitions.keys.sorted(), ConsumerControl(self))
            partitions = [:]
        }
        core.end(failure: fatal)
    }

    func tickNow() { nextTick = Deadline(millis: 0) }

    /// Takes what is there; if nothing is, waits for the first message, a callback, a wish or the next tick.
    ///
    /// A batch call with a timeout waits until the batch is full, which would delay a lone message by the whole
    /// timeout.
    private func poll() -> Int {
        let count = rd_kafka_consume_batch_queue(queue, 0, messages, capacity)
        if count != 0 { return max(0, count) }
        if core.hasWishes { return 0 }
        let first = rd_kafka_consume_batch_queue(queue, nextTick.remainingMillis, messages, 1)
        guard first == 1, capacity > 1 else { return max(0, first) }
        return 1 + max(0, rd_kafka_consume_batch_queue(queue, 0, messages + 1, capacity - 1))
    }

    /// Hands messages to the handler, then what came among them that is none; destroys all of them.
    private func deliver(_ count: Int) {
        guard count > 0 else { return }
        var filled = 0
        var specials: [UnsafeMutablePointer<rd_kafka_message_t>] = []
        var lastHandle: OpaquePointer?
        var topicIndex: Int32 = 0
        for index in 0..<count {
            guard let message = messages[index] else { continue }
            if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                specials.append(message)
                continue
            }
            if message.pointee.rkt != lastHandle, let handle = message.pointee.rkt {
                lastHandle = handle
                topicIndex = self.topicIndex(of: handle)
            }
            (slots + filled).initialize(to: MessageSlot(message, topicIndex: topicIndex))
            filled += 1
        }
        if filled > 0 {
            notePositions(filled)
            handler.consume(MessageBatch(slots: slots, count: filled, topics: topics), ConsumerControl(self))
        }
        for message in specials { deliver(message) }
        for index in 0..<count {
            if let message = messages[index] { rd_kafka_message_destroy(message) }
            messages[index] = nil
        }
    }

    /// Positions are ours to count: librdkafka's own run ahead of what was delivered before 2.13.2.
    private func notePositions(_ count: Int) {
        for index in 0..<count {
            let slot = slots[index]
            if index + 1 < count {
                let next = slots[index + 1]
                if next.partition == slot.partition && next.topicIndex == slot.topicIndex { continue }
            }
            partitions[TopicPartition(topics[Int(slot.topicIndex)], slot.partition)]?.position = slot.offset + 1
        }
    }

    private func topicIndex(of handle: OpaquePointer) -> Int32 {
        if let known = topicOfHandle[handle] { return known }
        let name = rd_kafka_topic_name(handle).map { String(cString: $0) } ?? ""
        let index = topics.firstIndex(of: name) ?? topics.endIndex
        if index == topics.endIndex { topics.append(name) }
        topicOfHandle[handle] = Int32(index)
        return Int32(index)
    }

    /// An end of a partition or an error in the shape of a message.
    private func deliver(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        let number = message.pointee.err
        let topic = message.pointee.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) }
        if number == RD_KAFKA_RESP_ERR__PARTITION_EOF, let topic {
            let partition = TopicPartition(topic, message.pointee.partition)
            let offset = message.pointee.offset
            let before = partitions[partition]?.position ?? offset
            partitions[partition]?.position = max(before, offset)
            handler.reachedEnd(of: partition, offset: offset, ConsumerControl(self))
            return
        }
        let partition = topic == nil || message.pointee.partition < 0 ? nil : message.pointee.partition
        if number == RD_KAFKA_RESP_ERR__FATAL {
            fail(.fatal(of: client.pointer))
        } else {
            let words = rd_kafka_message_errstr(message).map { String(cString: $0) }
            handler.failed(
                .library(number, "reading was interrupted", words: words, topic: topic, partition: partition),
                ConsumerControl(self))
        }
    }

    private func fail(_ error: KafkaError) {
        if error.isFatal {
            if fatal != nil { return }
            fatal = error
        }
        handler.failed(error, ConsumerControl(self))
    }

    /// Acts on what the callbacks noted.
    private func settle() {
        let pending = client.callbacks.take()
        for failure in pending.failures { fail(failure) }
        for rebalance in pending.rebalances { apply(rebalance) }
    }

    /// Gives all partitions back and leaves the group, until the deadline at the latest.
    private func leave() {
        isLeaving = true
        let deadline = core.closing ?? Deadline(millis: 10_000)
        guard let closeQueue = rd_kafka_queue_new(client.pointer) else { return }
        defer { rd_kafka_queue_destroy(closeQueue) }
        if let error = rd_kafka_consumer_close_queue(client.pointer, closeQueue) {
            client.callbacks.onEvent(.error(.taking(error, "the group could not be left")))
            return
        }
        while rd_kafka_consumer_closed(client.pointer) == 0 && !deadline.hasPassed {
            let count = rd_kafka_consume_batch_queue(closeQueue, min(50, deadline.remainingMillis), messages, capacity)
            for index in 0..<max(0, count) {
                // Nobody will handle these any more; held messages would keep the client from ending.
                if let message = messages[index] { rd_kafka_message_destroy(message) }
                messages[index] = nil
            }
            settle()
        }
    }
}
