import CRdKafka
import Synchronization

/// The consumer's inside: what its thread and others share. The thread's own things are in ``ConsumerLoop``.
final class ConsumerCore: Sendable {
    static let maxWishes = 10_000

    typealias Wish = @Sendable (borrowing ConsumerControl) -> Void

    private struct Shared {
        var state = ConsumerState.idle
        var wishes: [Wish] = []
        var closing: Deadline?
        /// Nil once the thread has begun to end the client.
        var queue: QueueHandle?
        /// Whether a thread will end the client.
        var hasThread = false
    }

    let client: LibraryClient
    let options: ConsumerOptions
    let queries: BlockingLane
    let commits: BlockingLane
    let ended = Completion()
    private let shared: Mutex<Shared>

    init(_ configuration: KafkaConfiguration, options: ConsumerOptions) throws(KafkaError) {
        guard !options.topics.isEmpty else {
            throw KafkaError(.configuration, "group \(options.groupID) is given no topic to read")
        }
        client = try LibraryClient(
            RD_KAFKA_CONSUMER, configuration, options.settings(configuration.properties), prepare: Self.setCallbacks)
        // The main queue's callbacks (errors, statistics) come with the messages.
        rd_kafka_poll_set_consumer(client.pointer)
        guard let queue = rd_kafka_queue_get_consumer(client.pointer) else {
            client.destroy()
            throw KafkaError(.configuration, "the consumer has no group: group.id is empty")
        }
        self.options = options
        queries = BlockingLane(owner: "consumer")
        commits = BlockingLane(owner: "consumer")
        shared = Mutex(Shared(queue: QueueHandle(pointer: queue)))
    }

    var state: ConsumerState { shared.withLock { $0.state } }

    func start(_ handler: some ConsumerHandler) throws(KafkaError) {
        let queue: QueueHandle? = shared.withLock { shared in
            guard shared.state == .idle, shared.closing == nil else { return nil }
            shared.state = .running
            shared.hasThread = true
            return shared.queue
        }
        guard let queue else { throw KafkaError(.invalidArgument, "the consumer was started or closed before") }
        let list = PartitionList(options.topics.map { TopicPartition($0, -1) })
        let number = list.withPointer { rd_kafka_subscribe(client.pointer, $0) }
        do throws(KafkaError) {
            if number != RD_KAFKA_RESP_ERR_NO_ERROR {
                throw .library(number, "the topics \(options.topics.joined(separator: ", ")) cannot be subscribed to")
            }
            try OwnThread.start { ConsumerLoop(self, queue: queue, handler: handler).run() }
        } catch {
            // It can do nothing any more: ended at once, off this thread, which must not block.
            shared.withLock { $0.state = .failed(error) }
            try? OwnThread.start { self.end(failure: error) }
            throw error
        }
    }

    func perform(_ work: @escaping Wish) -> Bool {
        shared.withLock { shared in
            guard let queue = shared.queue, shared.closing == nil, shared.wishes.count < Self.maxWishes else {
                return false
            }
            shared.wishes.append(work)
            rd_kafka_queue_yield(queue.pointer)
            return true
        }
    }

    var hasWishes: Bool { shared.withLock { !$0.wishes.isEmpty || $0.closing != nil } }

    func takeWishes() -> [Wish] {
        shared.withLock { shared in
            defer { shared.wishes.removeAll(keepingCapacity: true) }
            return shared.wishes
        }
    }

    /// Until when to give the partitions back, once somebody wants the consumer closed.
    var closing: Deadline? { shared.withLock { $0.closing } }

    /// Lets the thread leave the group and end; ends the client itself when there is no thread.
    func beginClose(timeoutMillis: Int) {
        let deadline = Deadline(millis: timeoutMillis)
        let mustEnd = shared.withLock { shared in
            let isFirst = shared.closing == nil
            shared.closing = shared.closing.map { min($0, deadline) } ?? deadline
            if let queue = shared.queue { rd_kafka_queue_yield(queue.pointer) }
            return isFirst && !shared.hasThread
        }
        guard mustEnd else { return }
        do throws(KafkaError) {
            try OwnThread.start { self.end(failure: nil) }
        } catch {
            // Without a thread to end it on, the client's memory is the lesser loss.
            ended.finish()
        }
    }

    /// Ends the client; on the consumer's thread, after the group was left and all messages were destroyed.
    func end(failure: KafkaError?) {
        let queue = shared.withLock { shared in
            shared.state = failure.map(ConsumerState.failed) ?? .closed
            shared.wishes = []
            defer { shared.queue = nil }
            return shared.queue
        }
        queries.stop()
        commits.stop()
        if let queue { rd_kafka_queue_destroy(queue.pointer) }
        client.destroy()
        ended.finish()
    }

    /// The callbacks run on the consumer's thread, inside of its polling, and only note what happened: the thread
    /// acts on it between two polls,
    /// so that messages fetched before a rebalance are handled before it.
    private static func setCallbacks(_ configuration: OpaquePointer) {
        rd_kafka_conf_set_rebalance_cb(configuration) { client, number, list, opaque in
            guard let client, let callbacks = ClientCallbacks.of(opaque) else { return }
            let isAssignment = number == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
            let isRevocation = number == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS
            callbacks.add(
                ClientCallbacks.Rebalance(
                    isAssignment: isAssignment, isLost: rd_kafka_assignment_lost(client) != 0,
                    failure: isAssignment || isRevocation ? nil : .library(number, "the group could not be joined"),
                    partitions: PartitionList.partitions(of: list)))
            // The poll under way shall come back at once.
            if let queue = rd_kafka_queue_get_consumer(client) {
                rd_kafka_queue_yield(queue)
                rd_kafka_queue_destroy(queue)
            }
        }
        rd_kafka_conf_set_error_cb(configuration) { client, number, words, opaque in
            guard let client, let callbacks = ClientCallbacks.of(opaque) else { return }
            let error = rd_kafka_resp_err_t(number: number)
            if error == RD_KAFKA_RESP_ERR__FATAL {
                callbacks.add(.fatal(of: client))
            } else {
                callbacks.onEvent(.error(.library(error, "", words: words.map { String(cString: $0) })))
            }
        }
        rd_kafka_conf_set_stats_cb(configuration) { _, text, count, opaque in
            if let callbacks = ClientCallbacks.of(opaque), let text {
                let bytes = UnsafeRawBufferPointer(start: text, count: count)
                callbacks.onEvent(.statistics(json: String(decoding: bytes, as: UTF8.self)))
            }
            return 0
        }
    }
}

extension rd_kafka_resp_err_t {
    /// The error of a number that a callback gives as a plain integer.
    init(number: Int32) { self.init(rawValue: RawValue(number)) }
}
