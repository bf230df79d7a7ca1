import CRdKafka

/// The reader's inside: the buffer between its thread and the task that reads.
final class ReaderCore: Sendable {
    struct Plan: Sendable {
        let topic: String
        let start: StartOffset
        let partitions: [Int32]?
        let offsets: [Int32: Int64]
    }

    /// Gets the events it waits for; none when the reader is closed.
    typealias Taker = CheckedContinuation<Result<[ReaderEvent], KafkaError>, Never>

    struct Shared {
        var events: [ReaderEvent] = []
        /// How many of `events` have been taken; they are removed in one go.
        var taken = 0
        var waiter: (id: UInt64, limit: Int, continuation: Taker)?
        var nextID: UInt64 = 0
        /// The partitions that are read, once they are known.
        var partitions: [Int32]?
        /// After the last event taken, for each partition.
        var positions: [Int32: Int64] = [:]
        var failure: KafkaError?
        var isClosing = false
        /// What the thread polls, while it does.
        var queue: QueueHandle?

        var waiting: Int { events.count - taken }
    }

    let client: LibraryClient
    let plan: Plan
    let options: ReaderOptions
    let shared = Monitor(Shared())
    let queries = BlockingLane(owner: "reader")
    let ended = Completion()

    init(_ configuration: KafkaConfiguration, plan: Plan, options: ReaderOptions) throws(KafkaError) {
        client = try LibraryClient(RD_KAFKA_CONSUMER, configuration, options.settings(clientID: configuration.clientID))
        { made in
            rd_kafka_conf_set_error_cb(made) { client, number, words, opaque in
                guard let client, let callbacks = ClientCallbacks.of(opaque) else { return }
                let error = rd_kafka_resp_err_t(number: number)
                if error == RD_KAFKA_RESP_ERR__FATAL {
                    callbacks.add(.fatal(of: client))
                } else {
                    callbacks.onEvent(.error(.library(error, "", words: words.map { String(cString: $0) })))
                }
            }
        }
        rd_kafka_poll_set_consumer(client.pointer)
        self.plan = plan
        self.options = options
    }

    func begin() throws(KafkaError) {
        do throws(KafkaError) {
            try OwnThread.start { ReaderLoop(self).run() }
        } catch {
            client.destroy()
            ended.finish()
            throw error
        }
    }

    func beginClose() {
        let waiter = shared.withLock { shared in
            shared.isClosing = true
            if let queue = shared.queue { rd_kafka_queue_yield(queue.pointer) }
            defer { shared.waiter = nil }
            return shared.waiter
        }
        waiter?.continuation.resume(returning: .success([]))
    }

    /// What waits, in order; waits until there is something.
    ///
    /// - Returns: one event at least; none once the reader is closed.
    func next(atMost limit: Int, timeoutMillis: Int? = nil) async throws(KafkaError) -> [ReaderEvent] {
        let id = shared.withLock { shared in
            shared.nextID += 1
            return shared.nextID
        }
        let alarm = timeoutMillis.map { millis in
            Task {
                try? await Task.sleep(for: .milliseconds(millis))
                self.giveUp(
                    id, KafkaError(.timedOut, "nothing came in time", isRetriable: true, topic: self.plan.topic))
            }
        }
        defer { alarm?.cancel() }
        let result: Result<[ReaderEvent], KafkaError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let already: Result<[ReaderEvent], KafkaError>? = shared.withLock { shared in
                    if Task.isCancelled { return .failure(Self.cancelled) }
                    if shared.waiting > 0 { return .success(shared.take(atMost: limit)) }
                    if let failure = shared.failure { return .failure(failure) }
                    if shared.isClosing { return .success([]) }
                    if shared.waiter != nil {
                        return .failure(
                            KafkaError(.invalidArgument, "two callers wait for the same reader", topic: plan.topic))
                    }
                    shared.waiter = (id, limit, continuation)
                    return nil
                }
                if let already { continuation.resume(returning: already) }
            }
        } onCancel: {
            giveUp(id, Self.cancelled)
        }
        return try result.get()
    }

    private func giveUp(_ id: UInt64, _ error: KafkaError) {
        let waiter = shared.withLock { shared -> Taker? in
            guard let waiter = shared.waiter, waiter.id == id else { return nil }
            shared.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: .failure(error))
    }

    private static var cancelled: KafkaError { KafkaError(.cancelled, "the task that waited was cancelled") }

    /// The end offsets of the partitions that are read, once these are known.
    func endOffsets(deadline: Deadline) async throws(KafkaError) -> [Int32: Int64] {
        let (client, shared, topic) = (client, shared, plan.topic)
        return try await queries.run { () throws(KafkaError) in
            let known = shared.wait(until: deadline) { shared -> Result<[Int32], KafkaError>? in
                if let failure = shared.failure { return .failure(failure) }
                if shared.isClosing { return .failure(.closed("reader")) }
                return shared.partitions.map { .success($0) }
            }
            guard let known else {
                throw KafkaError(
                    .timedOut, "the topic's partitions are not known in time", isRetriable: true, topic: topic)
            }
            let partitions = try known.get().map { TopicPartition(topic, $0) }
            let ends = try client.offsets(of: partitions, at: .end, deadline: deadline)
            return Dictionary(ends.map { ($0.key.partition, $0.value) }) { max($0, $1) }
        }
    }

    /// Whether everything before these offsets has been taken.
    func hasRead(to ends: [Int32: Int64]) -> Bool {
        shared.withLock { shared in ends.allSatisfy { shared.positions[$0.key] ?? 0 >= $0.value } }
    }
}

extension ReaderCore.Shared {
    /// The oldest events, which count as read from now on.
    mutating func take(atMost limit: Int) -> [ReaderEvent] {
        let batch: [ReaderEvent]
        if taken == 0, events.count <= limit {
            batch = events
            events = []
        } else {
            batch = Array(events[taken...].prefix(limit))
            taken += batch.count
            if taken == events.count {
                events.removeAll(keepingCapacity: true)
                taken = 0
            }
        }
        for event in batch { note(event) }
        return batch
    }

    private mutating func note(_ event: ReaderEvent) {
        switch event {
        case .record(let record): positions[record.partition] = record.offset + 1
        case .reachedEnd(let partition, let offset): positions[partition] = max(positions[partition] ?? offset, offset)
        }
    }
}
