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
    private struct Owned {
        var lineage: Int64
        /// Until when a former owner's messages may arrive, monotonic microseconds.
        var holdUntilMicros: Int64
        var nextSweepMicros: Int64
        /// Acknowledged and not taken off the outbox yet.
        var delivered: [Int64] = []
    }

    private struct Contents {
        var owned: [Int32: Owned] = [:]
        /// Outbox rows whose message is under way, by the message's token.
        var pending: [UInt64: (partition: Int32, outboxID: Int64)] = [:]
        var sending: Set<Int64> = []
        var nextToken: UInt64 = 0
    }

    static let messageTimeoutMillis = 10_000
    /// How often the outbox is looked through for what was left.
    private static let sweepPauseMicros: Int64 = 15_000_000
    private static let sweepRows = 5_000

    private let store: ProcessorStore
    private let topic: String
    private let partitions: Int32
    private let time: TimeSource
    private let logger: Logger
    private let contents = Mutex(Contents())

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
    func claimed(_ partition: Int32, lineage: Int64) {
        let now = time.monotonicMicros
        contents.withLock {
            $0.owned[partition] = Owned(
                lineage: lineage, holdUntilMicros: now + Int64(Self.messageTimeoutMillis) * 1_000,
                nextSweepMicros: now)
        }
    }

    func dropped(_ partition: Int32) { contents.withLock { _ = $0.owned.removeValue(forKey: partition) } }

    /// Sends rows. What the producer has no room for stays in the outbox for the next sweep.
    func send(_ rows: [StoredCandle], through producer: OutgoingProducer) {
        for row in rows {
            let token = contents.withLock { contents -> UInt64? in
                if let id = row.outboxID {
                    guard contents.sending.insert(id).inserted else { return nil }
                    contents.pending[contents.nextToken] = (row.partition, id)
                }
                contents.nextToken += 1
                return contents.nextToken - 1
            }
            guard let token else { continue }
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
                contents.withLock { contents in
                    if let id = contents.pending.removeValue(forKey: token)?.outboxID { contents.sending.remove(id) }
                }
            }
        }
    }

    /// Takes note of the broker's answers. Called on the producer's thread.
    func delivered(_ batch: DeliveryBatch) {
        guard batch.topic == topic else { return }
        let failures = contents.withLock { contents in
            var failures = 0
            for delivery in batch.deliveries {
                guard let (partition, id) = contents.pending.removeValue(forKey: delivery.token) else { continue }
                contents.sending.remove(id)
                if delivery.failure == nil {
                    contents.owned[partition]?.delivered.append(id)
                } else {
                    failures += 1
                }
            }
            return failures
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
        let due = contents.withLock { contents in
            var due: [(Int32, [Int64])] = []
            for (partition, owned) in contents.owned where owned.holdUntilMicros <= now && !owned.delivered.isEmpty {
                due.append((partition, owned.delivered))
                contents.owned[partition]?.delivered = []
            }
            return due
        }
        for (partition, ids) in due {
            do throws(PostgresError) {
                try await store.markPublished(partition: partition, outboxIDs: ids)
            } catch {
                // They stay in the outbox and are sent again by a later sweep: at least once.
                logger.warning("published rows stay in the outbox", metadata: ["error": "\(error)"])
            }
        }
    }

    private func sweep(through producer: OutgoingProducer) async {
        let now = time.monotonicMicros
        let due = contents.withLock { contents in
            var due: [(Int32, Int64)] = []
            for (partition, owned) in contents.owned where owned.nextSweepMicros <= now {
                due.append((partition, owned.lineage))
                // The sweep after the hold repeats what was acknowledged in it too.
                let isHeld = now < owned.holdUntilMicros
                if !isHeld { contents.owned[partition]?.delivered = [] }
                contents.owned[partition]?.nextSweepMicros =
                    isHeld ? owned.holdUntilMicros : now + Self.sweepPauseMicros
            }
            return due
        }
        for (partition, lineage) in due {
            do throws(PostgresError) {
                let rows = try await store.unpublished(partition: partition, lineage: lineage, limit: Self.sweepRows)
                send(rows, through: producer)
                if rows.count == Self.sweepRows {
                    contents.withLock { $0.owned[partition]?.nextSweepMicros = now + 1_000_000 }
                }
            } catch {
                logger.warning(
                    "the outbox cannot be read", metadata: ["partition": "\(partition)", "error": "\(error)"])
            }
        }
    }
}
