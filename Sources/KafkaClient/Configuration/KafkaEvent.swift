/// What the broker client has to say beside answers: for logs and metrics.
public enum KafkaEvent: Sendable {
    /// A line of librdkafka's log.
    case log(KafkaLogLevel, facility: String, message: String)
    /// Something went wrong that librdkafka itself keeps trying to mend (a broker out of reach, for example).
    case error(KafkaError)
    /// librdkafka's statistics as JSON; only with the property `statistics.interval.ms`.
    case statistics(json: String)
}

/// The level of a log line, as syslog numbers them.
public enum KafkaLogLevel: Int, Sendable, Comparable {
    case emergency = 0
    case alert, critical, error, warning, notice, info, debug

    /// Less means more urgent.
    public static func < (left: KafkaLogLevel, right: KafkaLogLevel) -> Bool { left.rawValue < right.rawValue }
}
