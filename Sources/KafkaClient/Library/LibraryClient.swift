import CRdKafka
import Synchronization

/// librdkafka's handle and what its callbacks need. Whoever made it calls ``destroy()`` once nobody else uses it.
///
/// @unchecked Sendable: librdkafka's functions may be called with one handle from any thread; the pointer itself
/// never changes.
final class LibraryClient: @unchecked Sendable {
    let pointer: OpaquePointer
    let callbacks: ClientCallbacks

    /// - Parameter prepare: Sets further callbacks in the configuration before the client is made.
    init(
        _ type: rd_kafka_type_t, _ configuration: KafkaConfiguration, _ settings: LibraryConfiguration,
        prepare: (OpaquePointer) -> Void = { _ in }
    ) throws(KafkaError) {
        let made = try settings.make(configuration)
        let callbacks = ClientCallbacks(onEvent: configuration.onEvent)
        let opaque = Unmanaged.passRetained(callbacks)
        rd_kafka_conf_set_opaque(made, opaque.toOpaque())
        rd_kafka_conf_set_log_cb(made) { client, level, facility, text in
            guard let callbacks = ClientCallbacks.of(client.flatMap { rd_kafka_opaque($0) }) else { return }
            callbacks.onEvent(
                .log(
                    KafkaLogLevel(rawValue: Int(level)) ?? .info, facility: facility.map { String(cString: $0) } ?? "",
                    message: text.map { String(cString: $0) } ?? ""))
        }
        prepare(made)
        var words = ""
        let pointer = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            buffer.initialize(repeating: 0)
            let pointer = rd_kafka_new(type, made, buffer.baseAddress, buffer.count)
            if let start = buffer.baseAddress { words = String(cString: start) }
            return pointer
        }
        guard let pointer else {
            // The configuration stays ours when no client was made.
            rd_kafka_conf_destroy(made)
            opaque.release()
            throw KafkaError(.configuration, "no client could be made: \(words)", libraryCode: "_INVALID_ARG")
        }
        self.pointer = pointer
        self.callbacks = callbacks
    }

    /// Ends librdkafka's threads and frees everything; blocks until they have ended. All messages and queues must be
    /// gone before.
    func destroy() {
        let opaque = rd_kafka_opaque(pointer)
        // A consumer has left its group before, or ran into its deadline and shall not try for ever.
        rd_kafka_destroy_flags(pointer, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
        if let opaque { Unmanaged<ClientCallbacks>.fromOpaque(opaque).release() }
    }
}

/// What librdkafka's callbacks write into, for the client's own thread to read.
final class ClientCallbacks: Sendable {
    /// A change of the group's assignment, in librdkafka's order.
    struct Rebalance: Sendable {
        let isAssignment: Bool
        let isLost: Bool
        let failure: KafkaError?
        let partitions: [TopicPartition]
    }

    struct Pending: Sendable {
        var rebalances: [Rebalance] = []
        var failures: [KafkaError] = []
    }

    let onEvent: @Sendable (KafkaEvent) -> Void
    private let pending = Mutex(Pending())

    init(onEvent: @escaping @Sendable (KafkaEvent) -> Void) { self.onEvent = onEvent }

    /// The callbacks behind librdkafka's opaque pointer.
    static func of(_ opaque: UnsafeMutableRawPointer?) -> ClientCallbacks? {
        opaque.map { Unmanaged<ClientCallbacks>.fromOpaque($0).takeUnretainedValue() }
    }

    func add(_ rebalance: Rebalance) { pending.withLock { $0.rebalances.append(rebalance) } }

    func add(_ failure: KafkaError) {
        pending.withLock {
            // A bound for a thread that is away for long: the oldest are the least interesting.
            if $0.failures.count >= 1_000 { $0.failures.removeFirst() }
            $0.failures.append(failure)
        }
    }

    /// What has come since the last call.
    func take() -> Pending {
        pending.withLock { pending in
            defer { pending = Pending() }
            return pending
        }
    }
}
