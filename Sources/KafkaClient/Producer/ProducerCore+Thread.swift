import CRdKafka
import Synchronization

extension ProducerCore {
    /// How long the thread waits for an event before it looks at deadlines, in milliseconds.
    private static let pollMillis: Int32 = 50

    func start() throws(KafkaError) {
        do throws(KafkaError) {
            try OwnThread.start { self.run() }
        } catch {
            sending.withLock { $0 = nil }
            client.destroy()
            ended.finish()
            throw error
        }
    }

    /// The producer's thread: serves librdkafka's events until everything is settled after the wish to close.
    private func run() {
        let queue = rd_kafka_queue_get_main(client.pointer)
        var names: [OpaquePointer: String] = [:]
        var hasPurged = false
        while true {
            serveEvents(queue, &names)
            settleWaiters()
            guard let deadline = waiting.withLock({ $0.closing }) else { continue }
            if counters.queued == 0 { break }
            if deadline.hasPassed && !hasPurged {
                hasPurged = true
                // What is dropped is still reported, so the loop goes on until all of it has been.
                rd_kafka_purge(client.pointer, Int32(RD_KAFKA_PURGE_F_QUEUE) | Int32(RD_KAFKA_PURGE_F_INFLIGHT))
            }
        }
        let topics = sending.withLock { sending in
            defer { sending = nil }
            return sending?.topics ?? [:]
        }
        // A message may have slipped in between the last look and the lock.
        if counters.queued > 0 {
            rd_kafka_purge(client.pointer, Int32(RD_KAFKA_PURGE_F_QUEUE) | Int32(RD_KAFKA_PURGE_F_INFLIGHT))
            while counters.queued > 0 { serveEvents(queue, &names) }
        }
        settleWaiters()
        for topic in topics.values { rd_kafka_topic_destroy(topic.pointer) }
        rd_kafka_queue_destroy(queue)
        client.destroy()
        ended.finish()
    }

    private func serveEvents(_ queue: OpaquePointer?, _ names: inout [OpaquePointer: String]) {
        guard let event = rd_kafka_queue_poll(queue, Self.pollMillis) else { return }
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case Int32(RD_KAFKA_EVENT_DR): report(event, &names)
        case Int32(RD_KAFKA_EVENT_ERROR): note(event)
        case Int32(RD_KAFKA_EVENT_STATS):
            if let text = rd_kafka_event_stats(event) {
                client.callbacks.onEvent(.statistics(json: String(cString: text)))
            }
        default: break
        }
    }

    /// Counts and passes on what became of messages.
    private func report(_ event: OpaquePointer, _ names: inout [OpaquePointer: String]) {
        var batches: [DeliveryBatch] = []
        var answers: [(id: UInt64, result: Result<DeliveryReport, KafkaError>)] = []
        var deliveries: [Delivery] = []
        var undelivered: [UndeliveredMessage] = []
        deliveries.reserveCapacity(rd_kafka_event_message_count(event))
        var topic: OpaquePointer?
        var acknowledged: UInt64 = 0
        var failed: UInt64 = 0
        while let message = rd_kafka_event_message_next(event) {
            let number = message.pointee.err
            if number == RD_KAFKA_RESP_ERR_NO_ERROR { acknowledged += 1 } else { failed += 1 }
            if message.pointee.rkt != topic {
                if !deliveries.isEmpty {
                    batches.append(
                        DeliveryBatch(
                            topic: Self.name(of: topic, &names), deliveries: deliveries, undelivered: undelivered))
                }
                deliveries.removeAll(keepingCapacity: true)
                undelivered.removeAll()
                topic = message.pointee.rkt
            }
            let token = UInt64(UInt(bitPattern: message.pointee._private))
            if token & Self.waiterBit == 0 {
                deliveries.append(
                    Delivery(
                        token: token, partition: message.pointee.partition, offset: message.pointee.offset,
                        failure: number == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError.Code(number)))
                if number != RD_KAFKA_RESP_ERR_NO_ERROR { undelivered.append(Self.undelivered(message)) }
            } else {
                answers.append((token & ~Self.waiterBit, Self.result(of: message, topic: Self.name(of: topic, &names))))
            }
        }
        if !deliveries.isEmpty {
            batches.append(
                DeliveryBatch(topic: Self.name(of: topic, &names), deliveries: deliveries, undelivered: undelivered))
        }
        // The messages a fatal error takes down come before the error's own event; whoever waits shall hear of the
        // error.
        if failed > 0 && rd_kafka_fatal_error(client.pointer, nil, 0) != RD_KAFKA_RESP_ERR_NO_ERROR {
            fail(.fatal(of: client.pointer))
        }
        // Told before they are counted: who waits until nothing is queued has heard of all that failed.
        for batch in batches { onDelivery(batch) }
        // Counted before anybody who waits goes on.
        tally.withLock {
            $0.acknowledged += acknowledged
            $0.failed += failed
        }
        let roomy = waiting.withLock { waiting in
            waiting.isFull = false
            defer { waiting.room = [:] }
            return waiting.room
        }
        for continuation in roomy.values { continuation.resume(returning: .success(())) }
        for (id, result) in answers {
            waiting.withLock { $0.deliveries.removeValue(forKey: id) }?.resume(returning: result)
        }
    }

    private static func undelivered(_ message: UnsafePointer<rd_kafka_message_t>) -> UndeliveredMessage {
        UndeliveredMessage(
            key: bytes(message.pointee.key, message.pointee.key_len),
            value: bytes(message.pointee.payload, message.pointee.len), failure: KafkaError.Code(message.pointee.err))
    }

    private static func bytes(_ pointer: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        pointer.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    private static func result(
        of message: UnsafePointer<rd_kafka_message_t>, topic: String
    ) -> Result<DeliveryReport, KafkaError> {
        guard message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .success(DeliveryReport(partition: message.pointee.partition, offset: message.pointee.offset))
        }
        return .failure(
            .library(
                message.pointee.err, "a message was not delivered", topic: topic,
                partition: message.pointee.partition < 0 ? nil : message.pointee.partition))
    }

    private func note(_ event: OpaquePointer) {
        let number = rd_kafka_event_error(event)
        if number == RD_KAFKA_RESP_ERR__FATAL {
            fail(.fatal(of: client.pointer))
        } else {
            let words = rd_kafka_event_error_string(event).map { String(cString: $0) }
            client.callbacks.onEvent(.error(.library(number, "", words: words)))
        }
    }

    /// The first fatal error stays: the producer's messages can be sent no more.
    private func fail(_ failure: KafkaError) {
        let (isFirst, refused) = waiting.withLock { waiting in
            let isFirst = waiting.failure == nil
            if isFirst { waiting.failure = failure }
            defer { waiting.room = [:] }
            return (isFirst, waiting.room)
        }
        if isFirst { client.callbacks.onEvent(.error(failure)) }
        for continuation in refused.values { continuation.resume(returning: .failure(failure)) }
    }

    /// Ends the waits that are over: all settled, or out of time; and lets those for room try again if nothing is
    /// queued.
    private func settleWaiters() {
        let isSettled = counters.queued == 0
        let (roomy, flushed) = waiting.withLock { waiting in
            var roomy: [CheckedContinuation<Result<Void, KafkaError>, Never>] = []
            if isSettled {
                waiting.isFull = false
                roomy = Array(waiting.room.values)
                waiting.room = [:]
            }
            let over = waiting.flushes.filter { isSettled || $0.value.deadline.hasPassed }
            for id in over.keys { waiting.flushes[id] = nil }
            return (roomy, over.values.map(\.continuation))
        }
        for continuation in roomy { continuation.resume(returning: .success(())) }
        for continuation in flushed {
            let open = counters.queued
            continuation.resume(
                returning: isSettled
                    ? .success(())
                    : .failure(KafkaError(.timedOut, "\(open) messages are not acknowledged yet", isRetriable: true)))
        }
    }

    private static func name(of topic: OpaquePointer?, _ names: inout [OpaquePointer: String]) -> String {
        guard let topic else { return "" }
        if let known = names[topic] { return known }
        let name = rd_kafka_topic_name(topic).map { String(cString: $0) } ?? ""
        names[topic] = name
        return name
    }
}
