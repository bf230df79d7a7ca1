import KafkaClient
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit
import Synchronization

/// Brings trades to Kafka. A trade counts as sent only when the broker acknowledged it.
///
/// What waits is bounded by librdkafka's queue. Full means: ``send(_:)`` suspends, the connection is not read, and the
/// venue's own buffer fills; nothing that was taken is dropped.
final class TradePublisher: Sendable {
    private let configuration: KafkaConfiguration
    private let topic: String
    private let partitions: Int32
    private let logger: Logger
    private let health: HealthBoard
    private let producer: Mutex<KafkaProducer>
    private let acknowledgedIDs: AcknowledgedIDs

    private static let accepted = Counter(label: "producer_trades_accepted_total")
    private static let waits = Counter(label: "producer_queue_full_waits_total")

    /// - Throws: `KafkaError` where librdkafka refuses the configuration.
    init(
        _ configuration: KafkaConfiguration, topic: String, partitions: Int32, acknowledgedIDs: AcknowledgedIDs,
        logger: Logger, health: HealthBoard
    ) throws(KafkaError) {
        self.configuration = configuration
        self.topic = topic
        self.partitions = partitions
        self.acknowledgedIDs = acknowledgedIDs
        self.logger = logger
        self.health = health
        producer = Mutex(try Self.make(configuration, topic, acknowledgedIDs, logger))
    }

    /// Trades that librdkafka holds and no broker has acknowledged.
    var queuedCount: Int { producer.withLock { $0.counters.queued } }

    /// Hands trades over, in order; suspends while there is no room.
    ///
    /// - Throws: `CancellationError`, or what makes going on impossible.
    func send(_ trades: [Trade]) async throws {
        var bytes: [UInt8] = []
        for trade in trades {
            bytes.removeAll(keepingCapacity: true)
            TradeRecord.encode(trade, into: &bytes)
            try await send(bytes, of: trade)
        }
        Self.accepted.increment(by: trades.count)
    }

    func flush(timeoutMillis: Int) async {
        do throws(KafkaError) {
            try await producer.withLock { $0 }.flush(timeoutMillis: timeoutMillis)
        } catch {
            logger.error("some trades were not acknowledged", metadata: ["error": "\(error)"])
        }
    }

    func close() async { await producer.withLock { $0 }.close(timeoutMillis: 1_000) }

    private func send(_ value: [UInt8], of trade: Trade) async throws {
        let key = trade.instrument.key
        let token = acknowledgedIDs.token(for: trade)
        while true {
            let producer = try current()
            do throws(KafkaError) {
                try producer.send(
                    topic: topic, partition: Murmur2.partition(key: key, partitions: partitions),
                    key: Array(key.utf8), value: value,
                    headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)], token: token)
                return
            } catch {
                switch error.code {
                case .queueFull:
                    Self.waits.increment()
                    health.set("kafka", .failed("the broker does not keep up; trades wait", blocksReadiness: false))
                    try await producer.waitForRoom()
                    health.set("kafka", .ok)
                case .fatal:
                    continue
                default:
                    acknowledgedIDs.giveUp(token)
                    throw error
                }
            }
        }
    }

    /// The producer in use; a new one after a fatal error, which ends an idempotent producer for good (librdkafka
    /// #4438).
    /// What the old one had not got acknowledged is not known to be lost or kept: the venue is asked again for it by
    /// whoever fills gaps, and ids make a second copy harmless.
    private func current() throws(KafkaError) -> KafkaProducer {
        let outcome: Result<KafkaProducer, KafkaError> = producer.withLock { producer in
            guard case .failed(let error) = producer.state else { return .success(producer) }
            logger.error("the producer failed for good; a new one takes its place", metadata: ["error": "\(error)"])
            let failed = producer
            do throws(KafkaError) {
                producer = try Self.make(configuration, topic, acknowledgedIDs, logger)
                Task { await failed.close(timeoutMillis: 1_000) }
                return .success(producer)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func make(
        _ configuration: KafkaConfiguration, _ topic: String, _ ids: AcknowledgedIDs, _ logger: Logger
    ) throws(KafkaError) -> KafkaProducer {
        var options = ProducerOptions()
        // Longer than any restart of a broker: what was accepted from the venue is not given up.
        options.messageTimeoutMillis = 600_000
        return try KafkaProducer(configuration, options: options) { batch in
            guard batch.topic == topic else { return }
            ids.delivered(batch, logger: logger)
        }
    }
}
