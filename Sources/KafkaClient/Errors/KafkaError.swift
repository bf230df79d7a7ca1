/// Why something asked of Kafka did not happen: what, where, and what to do about it.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of error a program reacts to differently.
    public enum Code: Sendable, Hashable {
        /// The producer's bounded queue is full; nothing was taken.
        case queueFull
        /// A property or an option was refused.
        case configuration
        /// The client is of no use any more; make a new one.
        case fatal
        /// The client was closed.
        case closed
        /// The task that waited was cancelled.
        case cancelled
        /// No answer in time.
        case timedOut
        /// No broker answers at present.
        case allBrokersDown
        /// A connection broke or could not be made, or a broker is about to take a partition or group over, or to give
        /// it up.
        case transport
        /// User, password, token or certificate were refused.
        case authentication
        /// The user may not do this.
        case authorization
        /// The log does not hold the offset (any more, or yet), or none was committed.
        case offsetOutOfRange
        /// There is no such topic or partition.
        case unknownTopicOrPartition
        /// The topic exists.
        case topicAlreadyExists
        /// The message is larger than the broker or the client allows.
        case messageTooLarge
        /// A message was not acknowledged within `message.timeout.ms`.
        case messageTimedOut
        /// A message was dropped because the producer was closed.
        case purged
        /// The group has moved on: an old generation, an unknown member, or a rebalance under way.
        case fencedOrStale
        /// The consumer's thread was away for longer than `max.poll.interval.ms`, so the group took its partitions.
        case maxPollExceeded
        /// A record on the broker is damaged (checksum, compression).
        case badMessage
        /// A call with an argument that cannot be right.
        case invalidArgument
        /// The library or the broker is too old for this.
        case notSupported
        /// Anything else; see the library's code.
        case other
    }

    public let code: Code
    /// What happened, in a sentence without a full stop.
    public let message: String
    /// librdkafka's own name of the error, for example `_QUEUE_FULL`; empty when the error is this module's.
    public let libraryCode: String
    /// Whether the client that reports it is of no use any more.
    public let isFatal: Bool
    /// Whether the same call may succeed later.
    public let isRetriable: Bool
    public let topic: String?
    public let partition: Int32?

    init(
        _ code: Code, _ message: String, libraryCode: String = "", isFatal: Bool = false, isRetriable: Bool = false,
        topic: String? = nil, partition: Int32? = nil
    ) {
        self.code = code
        self.message = message
        self.libraryCode = libraryCode
        self.isFatal = isFatal
        self.isRetriable = isRetriable
        self.topic = topic
        self.partition = partition
    }

    /// What a person or a program can do about it.
    public var advice: String { code.advice }

    public var description: String {
        var text = "Kafka: " + message
        var details: [String] = []
        if !libraryCode.isEmpty { details.append(libraryCode) }
        if let topic { details.append(partition.map { "\(topic)[\($0)]" } ?? "topic \(topic)") }
        if isFatal { details.append("fatal") }
        if !details.isEmpty { text += " (" + details.joined(separator: ", ") + ")" }
        return text + "; " + advice
    }
}

extension KafkaError.Code {
    /// What a person or a program can do about such an error.
    public var advice: String {
        switch self {
        case .queueFull: "wait for room and send again"
        case .configuration: "correct the property"
        case .fatal: "close this client and make a new one"
        case .closed: "make a new client"
        case .cancelled: "nothing is to be done"
        case .timedOut: "try again, or allow more time"
        case .allBrokersDown, .transport: "check KAFKA_BROKERS and that the broker runs; the client keeps trying"
        case .authentication: "check the user, password, token or certificate (KAFKA_CLIENT_SASL_*, KAFKA_CLIENT_SSL_*)"
        case .authorization: "grant the user this right on the broker"
        case .offsetOutOfRange: "find out whether records were lost, then choose an offset the log holds"
        case .unknownTopicOrPartition: "create the topic, or check its name"
        case .topicAlreadyExists: "use it as it is"
        case .messageTooLarge: "raise message.max.bytes on both sides, or send less"
        case .messageTimedOut: "check that the broker runs and has enough replicas in sync; send again"
        case .purged: "send again with a new producer"
        case .fencedOrStale: "wait for the group's next assignment"
        case .maxPollExceeded: "raise max.poll.interval.ms or do less per batch; the consumer joins again by itself"
        case .badMessage: "check the broker's disk; the record cannot be read"
        case .invalidArgument: "correct the call"
        case .notSupported: "use a newer librdkafka or broker"
        case .other: "see the message"
        }
    }
}
