import CRdKafka
import Synchronization

extension ProducerCore {
    func deliver(
        topic: String, partition: Int32?, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader],
        timestampMillis: Int64?
    ) async throws(KafkaError) -> DeliveryReport {
        let result: Result<DeliveryReport, KafkaError> = await withCheckedContinuation { continuation in
            let id = waiting.withLock { waiting in
                let id = waiting.newID()
                waiting.deliveries[id] = continuation
                return id
            }
            do throws(KafkaError) {
                try send(
                    topic: topic, partition: partition, key: key, value: value, headers: headers,
                    timestampMillis: timestampMillis,
                    token: id | Self.waiterBit)
            } catch {
                waiting.withLock { $0.deliveries.removeValue(forKey: id) }?.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    func waitForRoom() async throws(KafkaError) {
        let id = waiting.withLock { $0.newID() }
        let result: Result<Void, KafkaError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let already: Result<Void, KafkaError>? = waiting.withLock { waiting in
                    if let failure = waiting.failure { return .failure(failure) }
                    if waiting.closing != nil { return .failure(.closed("producer")) }
                    if Task.isCancelled { return .failure(Self.cancelled) }
                    if !waiting.isFull { return .success(()) }
                    waiting.room[id] = continuation
                    return nil
                }
                if let already { continuation.resume(returning: already) }
            }
        } onCancel: {
            waiting.withLock { $0.room.removeValue(forKey: id) }?.resume(returning: .failure(Self.cancelled))
        }
        try result.get()
    }

    func flush(timeoutMillis: Int) async throws(KafkaError) {
        let deadline = Deadline(millis: timeoutMillis)
        let id = waiting.withLock { $0.newID() }
        let result: Result<Void, KafkaError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let already: Result<Void, KafkaError>? = waiting.withLock { waiting in
                    if Task.isCancelled { return .failure(Self.cancelled) }
                    if counters.queued == 0 { return .success(()) }
                    if ended.isDone { return .failure(.closed("producer")) }
                    waiting.flushes[id] = (deadline, continuation)
                    return nil
                }
                if let already { continuation.resume(returning: already) }
            }
        } onCancel: {
            waiting.withLock { $0.flushes.removeValue(forKey: id) }?.continuation.resume(
                returning: .failure(Self.cancelled))
        }
        try result.get()
    }

    /// Lets the thread end; a second wish can only bring the deadline nearer.
    func beginClose(timeoutMillis: Int) {
        let deadline = Deadline(millis: timeoutMillis)
        let refused = waiting.withLock { waiting in
            waiting.closing = waiting.closing.map { min($0, deadline) } ?? deadline
            defer { waiting.room = [:] }
            return waiting.room
        }
        for continuation in refused.values { continuation.resume(returning: .failure(.closed("producer"))) }
    }

    private static var cancelled: KafkaError { KafkaError(.cancelled, "the task that waited was cancelled") }
}
