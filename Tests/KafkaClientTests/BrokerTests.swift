import TestServers
import Testing

/// The tests that need Apache Kafka, one after the other: they share its processor time with the broker.
@Suite(
    "Kafka client and broker", .serialized,
    .enabled(if: KafkaBroker.availability.isAvailable, "\(KafkaBroker.availability)"), .timeLimit(.minutes(10)))
enum BrokerTests {}
