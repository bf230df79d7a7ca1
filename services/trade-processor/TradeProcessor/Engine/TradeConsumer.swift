import Dispatch
import KafkaClient
import Logging
import MarketCore
import MarketWire
import Synchronization

/// Stands between librdkafka's thread and the engine: messages in, actions out.
final class TradeConsumer: ConsumerHandler {
    private let engine: Mutex<ProcessingEngine>
    private let decoder: TradeBatchDecoder
    private let inbox: EngineInbox
    private let assigned: AssignedPartitions
    private let publisher: CandlePublisher
    private let topic: String
    private let drainMillis: Int
    private let logger: Logger
    private let onFatal: @Sendable (KafkaError) -> Void

    /// - Parameters:
    ///   - drainMillis: how long a revoked partition may take for its last commit; well below the session timeout.
    ///   - onFatal: the consumer's thread ended.
    init(
        engine: sending ProcessingEngine, decoder: TradeBatchDecoder, inbox: EngineInbox, assigned: AssignedPartitions,
        publisher: CandlePublisher, topic: String, drainMillis: Int, logger: Logger,
        onFatal: @escaping @Sendable (KafkaError) -> Void
    ) {
        self.engine = Mutex(engine)
        self.decoder = decoder
        self.inbox = inbox
        self.assigned = assigned
        self.publisher = publisher
        self.topic = topic
        self.drainMillis = drainMillis
        self.logger = logger
        self.onFatal = onFatal
    }

    func assigned(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) -> [PartitionStart] {
        let numbers = partitions.map(\.partition)
        assigned.insert(numbers)
        with(control) { $0.assigned(numbers) }
        // Nothing is fetched before the partition is claimed; the engine starts it then.
        return []
    }

    func revoked(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) {
        let numbers = partitions.map(\.partition)
        drain(numbers)
        drop(numbers, control)
    }

    func lost(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) {
        logger.warning("the group took partitions away", metadata: ["partitions": "\(partitions.map(\.partition))"])
        drop(partitions.map(\.partition), control)
    }

    func consume(_ batch: borrowing MessageBatch, _ control: borrowing ConsumerControl) {
        engine.withLock { engine in Self.take(batch, engine, decoder) }
        tick(control)
    }

    func tick(_ control: borrowing ConsumerControl) {
        let events = inbox.take()
        with(control) { $0.tick(events) }
    }

    func reachedEnd(of partition: TopicPartition, offset: Int64, _ control: borrowing ConsumerControl) {
        tick(control)
    }

    func failed(_ error: KafkaError, _ control: borrowing ConsumerControl) {
        if error.isFatal {
            onFatal(error)
        } else if error.code == .offsetOutOfRange, let partition = error.partition {
            with(control) { $0.offsetIsGone(partition) }
        } else {
            logger.warning("kafka", metadata: ["error": "\(error)"])
        }
    }

    private static func take(
        _ batch: borrowing MessageBatch, _ engine: ProcessingEngine, _ decoder: TradeBatchDecoder
    ) {
        var index = 0
        while index < batch.count {
            // Messages of one partition come in runs.
            let partition = batch[index].partition
            let start = index
            while index < batch.count, batch[index].partition == partition { index += 1 }
            guard let worker = engine.worker(partition) else { continue }
            let messages = start..<index
            Self.decode(batch, messages, decoder, worker)
            engine.step(worker) { offset in
                for position in messages where batch[position].offset == offset {
                    let record = batch[position].copy()
                    return RawMessage(key: record.key, value: record.value)
                }
                return nil
            }
        }
    }

    /// Decodes messages of the worker's partition into its batch.
    private static func decode(
        _ batch: borrowing MessageBatch, _ messages: Range<Int>, _ decoder: TradeBatchDecoder, _ worker: PartitionWorker
    ) {
        var position = messages.lowerBound
        while true {
            position = decodeUsual(
                batch, position..<messages.upperBound, from: worker.state.nextOffset, decoder,
                table: worker.state.table, into: &worker.batch)
            guard position < messages.upperBound else { return }
            let message = batch[position]
            decoder.decodeGeneral(
                key: message.key, value: message.payload, partition: message.partition, offset: message.offset,
                timestampMillis: message.timestampMillis, schemaVersion: message.header(WireSchema.headerName),
                table: &worker.state.table, into: &worker.batch)
            position += 1
        }
    }

    /// Decodes as many messages as are of the usual shape. Apart from the worker, so that its memory is asked for once
    /// and not for each message: a tenth of the processor's time.
    ///
    /// - Returns: where the first one is that has to be looked at more closely; else the end.
    private static func decodeUsual(
        _ batch: borrowing MessageBatch, _ messages: Range<Int>, from nextOffset: Int64, _ decoder: TradeBatchDecoder,
        table: borrowing InstrumentTable, into records: inout RecordBatch
    ) -> Int {
        for position in messages {
            let message = batch[position]
            guard message.offset >= nextOffset else { continue }
            guard let key = message.key, let value = message.payload,
                decoder.decode(
                    key: key, value: value, partition: message.partition, offset: message.offset,
                    timestampMillis: message.timestampMillis, table: table, into: &records)
            else { return position }
        }
        return messages.upperBound
    }

    /// Commits what waits of partitions that go away, while they are still ours. Blocks the consumer's thread, and no
    /// longer than `drainMillis`.
    private func drain(_ partitions: [Int32]) {
        let deadline = DispatchTime.now() + .milliseconds(drainMillis)
        while DispatchTime.now() < deadline {
            let events = inbox.take()
            let isDone = engine.withLock { $0.drain(partitions, events) }
            if isDone { return }
            inbox.wait(until: deadline)
        }
        logger.warning("revoked partitions go without their last commit; the next owner reads it again")
    }

    private func drop(_ partitions: [Int32], _ control: borrowing ConsumerControl) {
        assigned.remove(partitions)
        with(control) { $0.dropped(partitions) }
    }

    private func with(_ control: borrowing ConsumerControl, _ body: (ProcessingEngine) -> Void) {
        let actions = engine.withLock { engine in
            body(engine)
            return engine.takeActions()
        }
        for action in actions {
            do throws(KafkaError) {
                switch action {
                case .start(let partition, let offset):
                    try control.start([PartitionStart(TopicPartition(topic, partition), at: .offset(offset))])
                case .hold(let partitions): try control.stop(partitions.map { TopicPartition(topic, $0) })
                case .pause(let partitions): try control.pause(partitions.map { TopicPartition(topic, $0) })
                case .resume(let partitions): try control.resume(partitions.map { TopicPartition(topic, $0) })
                case .commit(let offsets):
                    control.commit(
                        Dictionary(uniqueKeysWithValues: offsets.map { (TopicPartition(topic, $0.key), $0.value) }))
                case .rejoin: try control.rejoin()
                case .own(let lease): publisher.claimed(lease)
                case .disown(let partition): publisher.dropped(partition)
                }
            } catch {
                logger.warning("the consumer refused", metadata: ["action": "\(action)", "error": "\(error)"])
            }
        }
    }
}
