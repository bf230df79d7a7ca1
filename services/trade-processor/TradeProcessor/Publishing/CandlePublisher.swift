import KafkaClient
import Logging
import MarketWire
import Metrics
import PostgresClient
import ServiceKit
import Synchronization

/// Brings every closed or amended candle to the topic `candles`, at least once.
///
/// What the topic has not got yet stands in PostgreSQL's outbox, written by the commit itself: rows are sent as commits
/// come through, and taken off the outbox after the broker acknowledged them. A sweep sends again whatever is left.
///
/// Compaction keeps a key's last record, not its highest revision. A former owner's message may still arrive within
/// the producer's message timeout, so what was pending around a claim is sent once more after that time, and the outbox
/// keeps it until then.
final class CandlePublisher: Sendable {
    private let store: ProcessorStore
    private let topic: String
    private let partitions: Int32
    private let time: TimeSource
    private let logger: Logger
    private let outbox = Mutex(CandleOutbox())

    private static let acknowledged = Counter(label: "processor_candles_published_total")
    private static let failed = Counter(label: "processor_candles_publish_failures_total")

    init(store: ProcessorStore, topic: String, partitions: Int32, time: TimeSource, logger: Logger) {
        self.store = store
        self.topic = topic
        self.partitions = partitions
        self.time = time
        self.logger = logger
    }

    /// A partition is ours from now on: its outbox is swept at once and once more after the hold.
    func claimed(_ lease: PartitionLease) {
        let now = time.monotonicMicros
        outbox.withLock { $0.claimed(lease, nowMicros: now) }
    }

    func dropped(_ partition: Int32) { outbox.withLock { $0.dropped(partition) } }

    /// Sends rows. What the producer has no room for stays in the outbox for the next sweep.
    func send(_ rows: [StoredCandle], through producer: OutgoingProducer) {
        for row in rows {
            guard let token = outbox.withLock({ $0.send(row) }) else { continue }
            let record = row.record
            do throws(KafkaError) {
                try producer.current.send(
                    topic: topic,
                    partition: CandleRecord.partition(symbol: record.symbol, partitions: partitions),
                    key: Array(
                        CandleRecord.key(
                            symbol: record.symbol, interval: record.interval, windowStart: record.windowStart
                        ).utf8),
                    value: record.encoded(), headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)],
                    token: token)
            } catch {
                Self.failed.increment()
                outbox.withLock { $0.settled(token, isDelivered: false) }
            }
        }
    }

    /// Takes note of the broker's answers. Called on the producer's thread.
    func delivered(_ batch: DeliveryBatch) {
        guard batch.topic == topic else { return }
        let failures = batch.deliveries.count { $0.failure != nil }
        outbox.withLock { outbox in
            for delivery in batch.deliveries {
                outbox.settled(delivery.token, isDelivered: delivery.failure == nil)
            }
        }
        Self.acknowledged.increment(by: batch.deliveries.count - failures)
        if failures > 0 { Self.failed.increment(by: failures) }
    }

    /// Keeps the outbox short until the task is cancelled.
    func run(through producer: OutgoingProducer) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            await removeDelivered()
            await sweep(through: producer)
        }
    }

    private func removeDelivered() async {
        let now = time.monotonicMicros
        for delivered in outbox.withLock({ $0.takeDelivered(nowMicros: now) }) {
            do throws(PostgresError) {
                try await store.markPublished(delivered.lease, outboxIDs: delivered.ids)
            } catch {
                // They stay in the outbox and are sent again by a later sweep: at least once.
                logger.warning("published rows stay in the outbox", metadata: ["error": "\(error)"])
            }
        }
    }

    private func sweep(through producer: OutgoingProducer) async {
        let now = time.monotonicMicros
        for sweep in outbox.withLock({ $0.takeSweeps(nowMicros: now) }) {
            do throws(PostgresError) {
                let rows = try await store.unpublished(
                    partition: sweep.partition, lineage: sweep.lineage, limit: CandleOutbox.sweepRows)
                send(rows, through: producer)
                if rows.count == CandleOutbox.sweepRows {
                    outbox.withLock { $0.sweepAgain(sweep, nowMicros: now) }
                }
            } catch {
                logger.warning(
                    "the outbox cannot be read", metadata: ["partition": "\(sweep.partition)", "error": "\(error)"])
            }
        }
    }
}
