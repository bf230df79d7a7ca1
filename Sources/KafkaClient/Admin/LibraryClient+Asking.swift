import CRdKafka

extension LibraryClient {
    /// Sends one administrative request and waits for its answer.
    ///
    /// - Parameters:
    ///   - doing: What to say when it fails.
    ///   - kind: Which request the options are for.
    ///   - send: Sends it, with options and the queue for the answer.
    ///   - read: Reads the answer, which lives as long as the call.
    func ask<Value>(
        _ doing: String, _ kind: rd_kafka_admin_op_t, _ deadline: Deadline,
        send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void,
        read: (_ answer: OpaquePointer) throws(KafkaError) -> Value
    ) throws(KafkaError) -> Value {
        // Errors of connections wait on the main queue; nobody else empties it.
        rd_kafka_poll(pointer, 0)
        let options = rd_kafka_AdminOptions_new(pointer, kind)
        defer { rd_kafka_AdminOptions_destroy(options) }
        let millis = max(1, deadline.remainingMillis)
        rd_kafka_AdminOptions_set_request_timeout(options, millis, nil, 0)
        if kind == RD_KAFKA_ADMIN_OP_CREATETOPICS || kind == RD_KAFKA_ADMIN_OP_DELETETOPICS
            || kind == RD_KAFKA_ADMIN_OP_CREATEPARTITIONS
        {
            // How long the controller waits for the change to be known everywhere.
            rd_kafka_AdminOptions_set_operation_timeout(options, millis, nil, 0)
        }
        let queue = rd_kafka_queue_new(pointer)
        defer { rd_kafka_queue_destroy(queue) }
        send(options, queue)
        // The request's own timeout answers first; the second more is for a thread that gets no time.
        guard let event = rd_kafka_queue_poll(queue, millis.addingReportingOverflow(1_000).partialValue) else {
            throw KafkaError(.timedOut, "\(doing): no answer in time", isRetriable: true)
        }
        defer { rd_kafka_event_destroy(event) }
        let number = rd_kafka_event_error(event)
        if number != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw .library(number, doing, words: rd_kafka_event_error_string(event).map { String(cString: $0) })
        }
        return try read(event)
    }

    /// An array of librdkafka's as ours.
    static func array(_ start: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int) -> [OpaquePointer] {
        UnsafeBufferPointer(start: start, count: start == nil ? 0 : count).compactMap(\.self)
    }
}
