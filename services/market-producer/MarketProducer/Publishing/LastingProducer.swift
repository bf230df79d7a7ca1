import KafkaClient
import Logging
import Synchronization

/// A Kafka producer that outlives fatal errors: those end an idempotent producer for good (librdkafka #4438), and then
/// a new one takes its place.
final class LastingProducer: Sendable {
    private let configuration: KafkaConfiguration
    private let options: ProducerOptions
    private let logger: Logger
    private let onDelivery: @Sendable (DeliveryBatch) -> Void
    private let producer: Mutex<KafkaProducer>

    /// What is under way in a failed producer comes back at once; this is for its thread to end.
    private static let closeMillis = 1_000

    /// - Throws: `KafkaError` where librdkafka refuses the configuration.
    init(
        _ configuration: KafkaConfiguration, options: ProducerOptions = .init(), logger: Logger,
        onDelivery: @escaping @Sendable (DeliveryBatch) -> Void = { _ in }
    ) throws(KafkaError) {
        self.configuration = configuration
        self.options = options
        self.logger = logger
        self.onDelivery = onDelivery
        producer = Mutex(try KafkaProducer(configuration, options: options, onDelivery: onDelivery))
    }

    /// The producer in use.
    var current: KafkaProducer { producer.withLock { $0 } }

    /// Replaces the producer if it has failed. When this returns, everything that the failed one held was reported as
    /// undelivered. One task calls this.
    ///
    /// - Throws: `KafkaError` where no new one can be made.
    func replaceIfFailed() async throws(KafkaError) {
        let failed = current
        guard case .failed(let error) = failed.state else { return }
        logger.error("the producer failed for good; a new one takes its place", metadata: ["error": "\(error)"])
        await failed.close(timeoutMillis: Self.closeMillis)
        let new = try KafkaProducer(configuration, options: options, onDelivery: onDelivery)
        producer.withLock { $0 = new }
    }

    func close(timeoutMillis: Int) async { await current.close(timeoutMillis: timeoutMillis) }
}
