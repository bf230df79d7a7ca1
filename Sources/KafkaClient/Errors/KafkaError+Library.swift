import CRdKafka

extension KafkaError {
    /// librdkafka's error as ours.
    ///
    /// - Parameters:
    ///   - number: librdkafka's code.
    ///   - doing: What was tried, put before librdkafka's words.
    ///   - words: librdkafka's words for this case, or nil for its general ones.
    static func library(
        _ number: rd_kafka_resp_err_t, _ doing: String, words: String? = nil, topic: String? = nil,
        partition: Int32? = nil,
        isFatal: Bool = false
    ) -> KafkaError {
        let code = Code(number)
        let text = words.flatMap { $0.isEmpty ? nil : $0 } ?? String(cString: rd_kafka_err2str(number))
        return KafkaError(
            isFatal ? .fatal : code, doing.isEmpty ? text : "\(doing): \(text)",
            libraryCode: String(cString: rd_kafka_err2name(number)),
            isFatal: isFatal || code == .fatal, isRetriable: code.isRetriable, topic: topic, partition: partition)
    }

    /// An error object of librdkafka as ours; the object is destroyed.
    static func taking(
        _ error: OpaquePointer, _ doing: String, topic: String? = nil, partition: Int32? = nil
    ) -> KafkaError {
        defer { rd_kafka_error_destroy(error) }
        return library(
            rd_kafka_error_code(error), doing, words: String(cString: rd_kafka_error_string(error)), topic: topic,
            partition: partition,
            isFatal: rd_kafka_error_is_fatal(error) != 0)
    }

    /// The error that made a client useless, as librdkafka keeps it.
    static func fatal(of client: OpaquePointer) -> KafkaError {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            buffer.initialize(repeating: 0)
            let number = rd_kafka_fatal_error(client, buffer.baseAddress, buffer.count)
            let words = buffer.baseAddress.map { String(cString: $0) }
            return library(number, "the client can do no more", words: words, isFatal: true)
        }
    }

    static func closed(_ what: String) -> KafkaError { KafkaError(.closed, "the \(what) is closed") }
}

extension KafkaError.Code {
    /// The kind of one of librdkafka's errors.
    init(_ number: rd_kafka_resp_err_t) {
        switch number {
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: self = .queueFull
        case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
            RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
            self = .fatal
        case RD_KAFKA_RESP_ERR__DESTROY: self = .closed
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            self = .timedOut
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT: self = .messageTimedOut
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: self = .allBrokersDown
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR__WAIT_COORD,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
            self = .transport
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
            self = .authentication
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            self = .authorization
        case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR__NO_OFFSET:
            self = .offsetOutOfRange
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            self = .unknownTopicOrPartition
        case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: self = .topicAlreadyExists
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
            RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
            self = .messageTooLarge
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT: self = .purged
        case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
            self = .fencedOrStale
        case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: self = .maxPollExceeded
        case RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION, RD_KAFKA_RESP_ERR_INVALID_MSG:
            self = .badMessage
        case RD_KAFKA_RESP_ERR__INVALID_ARG, RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__CONFLICT,
            RD_KAFKA_RESP_ERR_INVALID_CONFIG, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
            RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            self = .invalidArgument
        case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
            self = .notSupported
        default: self = .other
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    var isRetriable: Bool {
        switch self {
        case .queueFull, .timedOut, .messageTimedOut, .allBrokersDown, .transport, .fencedOrStale: true
        default: false
        }
    }
}
