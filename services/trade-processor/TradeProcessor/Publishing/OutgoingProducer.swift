import KafkaClient
import Logging
import Synchronization

/// The processor's Kafka producer. A fatal error of an idempotent producer ends it for good (librdkafka #4438), so a
/// new
/// one takes its place; what was under way is in the outbox.
final class OutgoingProducer: Sendable {
    private let configuration: KafkaConfiguration
    private let logger: Logger
    private let onDelivery: @Sendable (DeliveryBatch) -> Void
    private let producer: Mutex<KafkaProducer>

    init(
        _ configuration: KafkaConfiguration, logger: Logger, onDelivery: @escaping @Sendable (DeliveryBatch) -> Void
    ) throws(KafkaError) {
        self.configuration = configuration
        self.logger = logger
        self.onDelivery = onDelivery
        producer = Mutex(try Self.make(configuration, onDelivery))
    }

    /// The producer to use now.
    var current: KafkaProducer {
        producer.withLock { producer in
            if case .failed(let error) = producer.state {
                logger.error("the producer failed for good; a new one takes its place", metadata: ["error": "\(error)"])
                do throws(KafkaError) {
                    let failed = producer
                    producer = try Self.make(configuration, onDelivery)
                    Task { await failed.close(timeoutMillis: 1_000) }
                } catch {
                    logger.critical("a new producer cannot be made", metadata: ["error": "\(error)"])
                }
            }
            return producer
        }
    }

    func close() async { await current.close(timeoutMillis: 1_500) }

    private static func make(
        _ configuration: KafkaConfiguration, _ onDelivery: @escaping @Sendable (DeliveryBatch) -> Void
    ) throws(KafkaError) -> KafkaProducer {
        var options = ProducerOptions()
        options.messageTimeoutMillis = CandleOutbox.messageTimeoutMillis
        return try KafkaProducer(configuration, options: options, onDelivery: onDelivery)
    }
}
